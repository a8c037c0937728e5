package goimgsecrets

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// vault reads KV v2, where version G of an entry is its generation G: the service logs in with its own AppRole or JWT, whose policy
// reads its entries alone. Settings and their reasons are those of runtime/vault.ts.
type vault struct {
	address, namespace, mount, folder, auth string
	role                                    map[string]string
	client                                  *http.Client
	field, file                             string
	token                                   string
	renewable                               bool
	renewAt, endsAt                         time.Time
}

var (
	vaultAddress = regexp.MustCompile(`^(https://[A-Za-z0-9.-]+(:\d{1,5})?|http://(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?)/?$`)
	vaultName    = regexp.MustCompile(`^[\w.-]+$`)
	vaultPath    = regexp.MustCompile(`^[\w.-]+(/[\w.-]+)*$`)
	vaultFolder  = regexp.MustCompile(`^[\w.-]+(/[\w.-]+)+$`)
	absolute     = regexp.MustCompile(`^/.`)
)

// newVault answers what is missing or wrong in the settings, all of it at once, without quoting one.
func newVault(env func(string) string) (*vault, string) {
	var problems []string
	setting := func(name string, rule *regexp.Regexp, expected string) string {
		value := env(name)
		if !rule.MatchString(value) {
			problems = append(problems, name+" must be "+expected)
		}
		return value
	}
	v := &vault{namespace: env("VAULT_NAMESPACE"), auth: env("VAULT_AUTH")}
	v.address = strings.TrimSuffix(setting("VAULT_ADDR", vaultAddress, "https://HOST:PORT (http only on this machine)"), "/")
	v.mount, v.folder, _ = strings.Cut(setting("VAULT_SECRETS", vaultFolder, "MOUNT/FOLDER"), "/")
	method, credential := "approle", "VAULT_SECRET_ID_FILE"
	if env("VAULT_JWT_FILE") != "" {
		method, credential, v.field = "jwt", "VAULT_JWT_FILE", "jwt"
		v.role = map[string]string{"role": setting("VAULT_ROLE", vaultName, "the name of the role")}
	} else {
		v.field = "secret_id"
		v.role = map[string]string{"role_id": setting("VAULT_ROLE_ID", vaultName, "the id of the AppRole (or set VAULT_JWT_FILE)")}
	}
	caFile := ""
	if env("VAULT_CACERT") != "" {
		caFile = setting("VAULT_CACERT", absolute, "an absolute path")
	}
	v.file = setting(credential, absolute, "the absolute path of a 0400 file")
	if v.auth == "" {
		v.auth = method
	}
	if !vaultPath.MatchString(v.auth) {
		problems = append(problems, "VAULT_AUTH must be the path of an auth method")
	}
	v.client = clientFor(caFile)
	return v, strings.Join(problems, "; ")
}

// clientFor trusts a private CA alone where there is one. A file that can't be read trusts nobody: the requests then fail.
func clientFor(caFile string) *http.Client {
	transport := &http.Transport{DisableKeepAlives: true}
	if caFile != "" {
		roots := x509.NewCertPool()
		if text, err := os.ReadFile(caFile); err == nil {
			roots.AppendCertsFromPEM(text)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	return &http.Client{
		Timeout:   10 * time.Second,
		Transport: transport,
		// A redirect could take the token to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("redirected") },
	}
}

func (v *vault) read(_ string, at place) ([]byte, *problem) {
	route := fmt.Sprintf("%s/data/%s/%s?version=%d", v.mount, v.folder, at.entry, at.generation)
	status, answer, p := v.readOnce(route)
	if p == nil && status == http.StatusForbidden {
		// Revoked or forgotten by Vault before its time: once more with a new one.
		v.token = ""
		status, answer, p = v.readOnce(route)
	}
	switch {
	case p != nil:
		return nil, p
	case status == http.StatusNotFound:
		return nil, &problem{"missing", fmt.Sprintf("is not in Vault as version %d; run pulumi up", at.generation)}
	case status == http.StatusForbidden:
		return nil, &problem{"unreadable", "may not be read with this login; grant it in the catalog"}
	case answer.Data.Data.Value == nil:
		return nil, &problem{"unreadable", "is in Vault in another form; write it by pulumi up"}
	}
	return []byte(*answer.Data.Data.Value), nil
}

func (v *vault) readOnce(route string) (int, vaultAnswer, *problem) {
	if p := v.current(); p != nil {
		return 0, vaultAnswer{}, p
	}
	return v.request(http.MethodGet, route, v.token, nil)
}

func (*vault) list() []string { return nil }

// close gives the token back, so that nothing can be read with it any more.
func (v *vault) close() {
	if v.token != "" {
		_, _, _ = v.request(http.MethodPost, "auth/token/revoke-self", v.token, nil)
		v.token = ""
	}
}

// current renews the token when two thirds of its time are over, and logs in anew where it can't be.
func (v *vault) current() *problem {
	now := time.Now()
	if v.token != "" && now.Before(v.renewAt) {
		return nil
	}
	if v.token != "" && v.renewable && now.Before(v.endsAt) {
		status, answer, _ := v.request(http.MethodPost, "auth/token/renew-self", v.token, map[string]string{})
		// Close to the longest time that Vault allows a token, a renewal adds nothing.
		if status == http.StatusOK && v.take(answer) && time.Now().Before(v.renewAt) {
			return nil
		}
	}
	return v.login()
}

func (v *vault) login() *problem {
	credential, p := files{filepath.Dir(v.file), os.Geteuid()}.read(filepath.Base(v.file), place{})
	if p != nil {
		return p
	}
	body := map[string]string{v.field: string(credential)}
	for name, value := range v.role {
		body[name] = value
	}
	status, answer, p := v.request(http.MethodPost, "auth/"+v.auth+"/login", "", body)
	if p != nil {
		return p
	}
	if status != http.StatusOK || !v.take(answer) {
		return &problem{"unreadable", "can't be read: Vault refused the login; see its audit log, and mount a live credential"}
	}
	return nil
}

func (v *vault) take(answer vaultAnswer) bool {
	if answer.Auth.ClientToken == "" {
		return false
	}
	now, lease := time.Now(), time.Duration(answer.Auth.LeaseDuration)*time.Second
	v.token, v.renewable = answer.Auth.ClientToken, answer.Auth.Renewable
	v.renewAt, v.endsAt = now.Add(lease*2/3), now.Add(lease)
	return true
}

type vaultAnswer struct {
	Auth struct {
		ClientToken   string `json:"client_token"`
		LeaseDuration int    `json:"lease_duration"`
		Renewable     bool   `json:"renewable"`
	} `json:"auth"`
	Data struct {
		Data struct {
			Value *string `json:"value"`
		} `json:"data"`
	} `json:"data"`
}

// request tries again while Vault is away, sealed or busy: a service must survive its restart.
func (v *vault) request(method, route, token string, body map[string]string) (int, vaultAnswer, *problem) {
	var text []byte
	if body != nil {
		text, _ = json.Marshal(body)
	}
	pause := 250 * time.Millisecond
	for attempt := 1; ; attempt++ {
		status, answer, err := v.once(method, route, token, text)
		if err == nil && status < 500 && status != http.StatusTooManyRequests {
			return status, answer, nil
		}
		if attempt == 4 {
			message := "can't be read: Vault does not answer; is it up and unsealed at VAULT_ADDR, and VAULT_CACERT its CA?"
			return 0, vaultAnswer{}, &problem{"unreadable", message}
		}
		time.Sleep(pause)
		pause *= 2
	}
}

func (v *vault) once(method, route, token string, body []byte) (int, vaultAnswer, error) {
	request, err := http.NewRequest(method, v.address+"/v1/"+route, bytes.NewReader(body))
	if err != nil {
		return 0, vaultAnswer{}, err
	}
	request.Header.Set("X-Vault-Request", "true")
	if token != "" {
		request.Header.Set("X-Vault-Token", token)
	}
	if v.namespace != "" {
		request.Header.Set("X-Vault-Namespace", v.namespace)
	}
	response, err := v.client.Do(request)
	if err != nil {
		return 0, vaultAnswer{}, err
	}
	defer response.Body.Close()
	var answer vaultAnswer
	_ = json.NewDecoder(response.Body).Decode(&answer)
	return response.StatusCode, answer, nil
}
