package goimgsecrets_test

import (
	"fmt"
	"os"
	"path/filepath"

	"goimgsecrets"
)

// A service's main, the deployed files included, so that it runs as a test: the block below is docs/runtime.md's.
func Example() {
	directory, _ := os.MkdirTemp("", "goimg")
	defer os.RemoveAll(directory)
	deploy(directory)
	main()
	// Output:
	// generation 2 signs, of 1 that are accepted
	// {"event":"secrets.report","secrets":[{"name":"JWT_SECRET","active":2,"live":[2]}],"service":"api"}
}

// docs/runtime.md begins
func main() {
	// Prints every finding as a JSON line on stderr and exits with 78 when there is one.
	secrets := goimgsecrets.LoadOrExit("api")

	key := secrets.MustGet("JWT_SECRET") // the active generation: sign with it
	accepted := map[int]string{}         // all live generations: verify with each
	for _, live := range secrets.Live("JWT_SECRET") {
		accepted[live.Generation] = live.Reveal()
	}
	serve(key, accepted)

	fmt.Printf("generation %d signs, of %d that are accepted\n", secrets.Active("JWT_SECRET"), len(accepted))
	fmt.Println(secrets.ReportLine()) // once it is up: generations, never values
}

// docs/runtime.md ends

func serve(string, map[int]string) {}

func deploy(directory string) {
	manifest := filepath.Join(directory, "manifest.json")
	secrets := filepath.Join(directory, "secrets")
	_ = os.Mkdir(secrets, 0o700)
	value := "q7RzL2mXv9KpT4wNb8YcJd3HsGf6AeUoVi5tQxZ1kPy0"
	_ = os.WriteFile(filepath.Join(secrets, "JWT_SECRET"), []byte(value), 0o400)
	_ = os.WriteFile(manifest, fmt.Appendf(nil, `{"version":1,"service":"api","stack":"dev","production":false,"directory":%q,
		"secrets":[{"name":"JWT_SECRET","kind":"password","strategy":"redeploy","required":true,"active":2,"live":[2],
		"entries":[{"name":"JWT_SECRET","format":{"type":"text","minLength":43},"files":{"2":"JWT_SECRET"}}]}]}`,
		secrets), 0o444)
	_ = os.Setenv("SECRETS_MANIFEST_FILE", manifest)
}
