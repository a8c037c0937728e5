// Package check holds the health checks: quick, static, without a shell.
package check

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"
)

const (
	// patience is the longest wait for one answer.
	patience = 2 * time.Second
	// startPatience is how long one check goes on asking a service that starts: less than Docker gives it.
	startPatience = 1500 * time.Millisecond
	pause         = 50 * time.Millisecond
)

// readyMark remembers, for the life of a container, that it has been ready once.
var readyMark = "/tmp/was-ready"

// Exit ends the process as Docker's health checks expect: 0 healthy, 1 not.
func Exit(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(0)
}

// File is healthy when it exists.
func File(path string) error {
	_, err := os.Stat(path)
	return err
}

// HTTP is healthy when the last argument answers 200. With `--once FIRST`, FIRST has to answer 200 as well until it did once: a
// start is complete only when the service is of use, while a later failure of a backend is no reason to restart this one.
//
// Until a start is complete it goes on asking for a while: the next check would come a whole interval later, and whoever waits
// for the service waits for that.
func HTTP(args []string) error {
	if len(args) == 0 {
		return errors.New("no URL")
	}
	url := args[len(args)-1]
	first := url
	if len(args) == 3 && args[0] == "--once" {
		first = args[1]
	}
	if File(readyMark) != nil {
		if err := until(first, time.Now().Add(startPatience)); err != nil {
			return err
		}
		if err := os.WriteFile(readyMark, nil, 0o600); err != nil {
			return err
		}
	}
	return get(url, patience)
}

// until asks until the URL answers 200, or it is too late.
func until(url string, deadline time.Time) error {
	for {
		err := get(url, time.Until(deadline))
		if err == nil || time.Until(deadline) <= pause {
			return err
		}
		time.Sleep(pause)
	}
}

func get(url string, patience time.Duration) error {
	client := http.Client{Timeout: patience}
	answer, err := client.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", answer.StatusCode)
	}
	return nil
}

// Postgres asks the server behind the local socket.
func Postgres() error {
	return exec.Command("/usr/lib/postgresql/15/bin/pg_isready", "-q", "-h", "/run/postgresql", "-t", "2").Run()
}

// Redis is alive when it answers PING, be it with NOAUTH: the check holds no password.
func Redis() error {
	conn, err := net.DialTimeout("tcp", "127.0.0.1:6379", patience)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return err
	}
	if strings.HasPrefix(line, "+PONG") || strings.HasPrefix(line, "-NOAUTH") {
		return nil
	}
	return errors.New("unexpected answer")
}
