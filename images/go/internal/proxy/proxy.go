// Package proxy starts HAProxy in the place of its caller.
package proxy

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

const haproxy = "/usr/sbin/haproxy"

// Become replaces the process by HAProxy with the configuration of that name beside the common one. It returns only when that fails.
//
// HAProxy reads key and certificate from one file. They are handed over in memory that only the two processes know: a file of a
// container would be one more place where the key is.
func Become(directory, name string, pem []byte) error {
	env := os.Environ()
	if len(pem) > 0 {
		path, err := hold(pem)
		if err != nil {
			return fmt.Errorf("the certificate can't be handed over: %w", err)
		}
		env = append(env, "TLS_PEM="+path)
	}
	config := func(name string) string { return filepath.Join(directory, name+".cfg") }
	return syscall.Exec(haproxy, []string{"haproxy", "-db", "-f", config("haproxy"), "-f", config(name)}, env)
}

// hold keeps bytes in a file that has no name, and survives the exec.
func hold(content []byte) (string, error) {
	fd, err := unix.MemfdCreate("tls", 0)
	if err != nil {
		return "", err
	}
	for len(content) > 0 {
		n, err := unix.Write(fd, content)
		if err != nil {
			return "", err
		}
		content = content[n:]
	}
	return fmt.Sprintf("/proc/self/fd/%d", fd), nil
}
