package main

import "syscall"

// dieWithParent makes the kernel kill node when the host is killed: an engine that ends by SIGKILL leaves nothing behind.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
