package grafana

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, file, content string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestStand(t *testing.T) {
	folder := t.TempDir()
	settings := map[string]string{
		"GF_PATHS_PROVISIONING": folder,
	}
	write(t, folder+"/datasources/one.yaml", `{"datasources": [{"uid": "goimg-prometheus"}]}`)
	write(t, folder+"/dashboards/one.yaml", `{"providers": [{"options": {"path": "`+folder+`/files"}}]}`)
	write(t, folder+"/files/secrets.json", `{"uid": "goimg-secrets", "title": "Secrets"}`)
	stand, err := New(func(name string) string { return settings[name] }, "invented-password")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(stand.Handler())
	defer server.Close()
	for _, c := range []struct {
		path, user, password string
		status               int
	}{
		{"/api/health", "", "", 200},
		{"/api/org", "admin", "invented-password", 200},
		{"/api/org", "admin", "another", 401},
		{"/api/org", "root", "invented-password", 401},
		{"/api/org", "admin", "", 401},
		{"/api/datasources", "admin", "invented-password", 200},
		{"/api/datasources", "admin", "another", 401},
		{"/api/dashboards/uid/goimg-secrets", "admin", "invented-password", 200},
		{"/api/dashboards/uid/goimg-secrets", "", "", 401},
		{"/api/dashboards/uid/none", "admin", "invented-password", 404},
	} {
		request, _ := http.NewRequest("GET", server.URL+c.path, nil)
		if c.user != "" {
			request.SetBasicAuth(c.user, c.password)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != c.status {
			t.Errorf("%s as %q: %d", c.path, c.user, answer.StatusCode)
		}
	}
}

func TestItDoesNotStartWithoutAPassword(t *testing.T) {
	if _, err := New(func(string) string { return "" }, ""); err == nil || !strings.Contains(err.Error(), "ADMIN_PASSWORD") {
		t.Errorf("%v", err)
	}
}
