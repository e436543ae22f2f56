module github.com/callerbook/contacts

go 1.25.0

require (
	github.com/google/uuid v1.6.0 // indirect
	github.com/nyaruka/phonenumbers/v2 v2.0.8 // indirect
	github.com/urfave/cli/v3 v3.14.0 // indirect
	go.etcd.io/bbolt v1.5.0 // indirect
	golang.org/x/sys v0.45.0 // indirect
	golang.org/x/text v0.34.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)
