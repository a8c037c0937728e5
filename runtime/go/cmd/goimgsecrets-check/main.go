// Command goimgsecrets-check checks the secrets of the container it runs in: `goimgsecrets-check [SERVICE]` prints the
// report on stdout and exits with 0, or prints each finding as a JSON line on stderr and exits with 78.
package main

import (
	"fmt"
	"os"

	"goimgsecrets"
)

func main() {
	service := ""
	if len(os.Args) > 1 {
		service = os.Args[1]
	}
	fmt.Println(goimgsecrets.LoadOrExit(service).ReportLine())
}
