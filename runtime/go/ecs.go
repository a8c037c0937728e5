package goimgsecrets

import (
	"os"
	"strings"
)

// ecs reads what ECS's agent has put into the environment from Secrets Manager. Rules and reasons are those of runtime/ecs.ts.
type ecs struct{}

func onECS() bool { return os.Getenv("ECS_CONTAINER_METADATA_URI_V4") != "" }

func (ecs) read(file string, _ place) ([]byte, *problem) {
	variable := strings.Replace(file, ".", "__", 1)
	value, set := os.LookupEnv(variable)
	if !set {
		return nil, &problem{"missing", "is not set; name " + variable + " in the task definition's secrets (pulumi up)"}
	}
	os.Unsetenv(variable)
	return []byte(value), nil
}

func (ecs) list() []string { return nil }

func (ecs) close() {}
