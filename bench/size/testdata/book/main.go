// Command book keeps a book and shows numbers in E.164.
package main

import (
	"github.com/callerbook/contacts/bench/size/testdata/keep"
	"github.com/callerbook/contacts/phone"
)

func main() { keep.Run(phone.Number.String) }
