package job

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	secrets "goimgsecrets"
)

// Secrets loads what the manifest grants to a service and makes sure of the entries that it can't do without. It exits with 78
// and one JSON line a fault when anything is wrong.
func Secrets(service string, required ...string) *secrets.Secrets {
	loaded := secrets.LoadOrExit(service)
	if err := loaded.ValidateRequired(required...); err != nil {
		for message := range strings.SplitSeq(err.Error(), "\n") {
			line, _ := json.Marshal(map[string]string{
				"level": "error", "event": "secrets.invalid", "service": service, "reason": "not-granted", "message": message,
			})
			fmt.Fprintln(os.Stderr, string(line))
		}
		os.Exit(secrets.ExitConfig)
	}
	return loaded
}
