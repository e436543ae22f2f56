module github.com/callerbook/contacts/interchange/interop

go 1.25.0

require (
	github.com/callerbook/contacts v0.0.0
	github.com/emersion/go-vcard v0.0.0-20260618161152-d854b7e0e2d3
)

require (
	github.com/google/uuid v1.6.0 // indirect
	golang.org/x/text v0.34.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)
