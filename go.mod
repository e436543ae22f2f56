module github.com/callerbook/contacts

go 1.25.0
