// Package grafana stands in for Grafana where its image can't be had: logging in as the administrator, its health, and what was
// provisioned. It draws nothing.
package grafana

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
)

// Stand is what it answers from. Like Grafana, it takes the password once, when it starts.
type Stand struct {
	user, password string
	dashboards     map[string]json.RawMessage // by uid
	datasources    json.RawMessage
}

type provisioned struct {
	Datasources json.RawMessage `json:"datasources"`
	Providers   []struct {
		Options struct {
			Path string `json:"path"`
		} `json:"options"`
	} `json:"providers"`
}

// New reads the settings by Grafana's own names of them. Provisioned files may be YAML for Grafana; here they are JSON, which is YAML.
// The password comes from wherever the stack keeps it; Grafana itself reads a mounted file alone.
func New(env func(string) string, password string) (*Stand, error) {
	if password == "" {
		return nil, errors.New("GRAFANA_ADMIN_PASSWORD is empty")
	}
	stand := &Stand{user: "admin", password: password, dashboards: map[string]json.RawMessage{}}
	if user := env("GF_SECURITY_ADMIN_USER"); user != "" {
		stand.user = user
	}
	return stand, stand.provision(env("GF_PATHS_PROVISIONING"))
}

func (s *Stand) provision(folder string) error {
	var found provisioned
	for _, kind := range []string{"datasources", "dashboards"} {
		files, err := filepath.Glob(filepath.Join(folder, kind, "*.yaml"))
		if err != nil {
			return err
		}
		for _, file := range files {
			if err := readJSON(file, &found); err != nil {
				return err
			}
		}
	}
	s.datasources = found.Datasources
	for _, provider := range found.Providers {
		files, err := filepath.Glob(filepath.Join(provider.Options.Path, "*.json"))
		if err != nil {
			return err
		}
		for _, file := range files {
			var content json.RawMessage
			if err := readJSON(file, &content); err != nil {
				return err
			}
			var named struct{ UID string }
			if err := json.Unmarshal(content, &named); err != nil || named.UID == "" {
				return fmt.Errorf("%s: no uid", file)
			}
			s.dashboards[named.UID] = content
		}
	}
	return nil
}

func readJSON(file string, into any) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(content, into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// Handler answers Grafana's paths.
func (s *Stand) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/health", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"database": "ok", "version": "stand-in"})
	})
	mux.HandleFunc("GET /api/org", s.admin(func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{"id": 1, "name": "Main Org."})
	}))
	mux.HandleFunc("GET /api/datasources", s.admin(func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, s.datasources)
	}))
	mux.HandleFunc("GET /api/dashboards/uid/{uid}", s.admin(func(w http.ResponseWriter, r *http.Request) {
		dashboard, ok := s.dashboards[r.PathValue("uid")]
		if !ok {
			answer(w, http.StatusNotFound, map[string]string{"message": "Dashboard not found"})
			return
		}
		answer(w, http.StatusOK, map[string]any{"dashboard": dashboard, "meta": map[string]bool{"provisioned": true}})
	}))
	return mux
}

// admin lets only the administrator through, by basic authentication.
func (s *Stand) admin(next http.HandlerFunc) http.HandlerFunc {
	same := func(a, b string) int { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) }
	return func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if same(user, s.user)&same(password, s.password) != 1 {
			answer(w, http.StatusUnauthorized, map[string]string{"message": "Invalid username or password"})
			return
		}
		next(w, r)
	}
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("content-type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
