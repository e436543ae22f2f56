// Command mainquiet may end itself.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Println("bye")
	go fmt.Println("bye")
	os.Exit(1)
}
