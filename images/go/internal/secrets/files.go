package secrets

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// maxBytes is the most a Swarm secret can hold; a larger file is not one.
const maxBytes = 511_999

// fault is a reason and its fix, without the names that the caller adds.
type fault struct{ reason, fix string }

// readFile reads one secret's file and checks it as a file: present, regular, inside the directory, of this user, closed
// to others, not too large.
func readFile(directory, name string) ([]byte, []fault) {
	path := filepath.Join(directory, name)
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, []fault{{"missing", "its file is missing: mount it"}}
		}
		return nil, []fault{{"unreadable", "its file cannot be reached"}}
	}
	root, err := filepath.EvalSymlinks(directory)
	if err != nil || !strings.HasPrefix(real, root+string(filepath.Separator)) {
		return nil, []fault{{"symlink-outside", "its file is a link out of the secrets' directory: mount the file itself"}}
	}
	file, err := os.OpenFile(real, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, []fault{{"unreadable", "its file cannot be read by this user: mount it for the service's uid"}}
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, []fault{{"not-a-file", "it is not a regular file"}}
	}
	var faults []fault
	if info.Mode().Perm()&0o377 != 0 {
		faults = append(faults, fault{"mode-too-open", "its file is open to more than its owner's reading: mount it with mode 0400"})
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && int(stat.Uid) != os.Geteuid() {
		faults = append(faults, fault{"wrong-owner", "its file belongs to another user: mount it for the service's uid"})
	}
	value, err := io.ReadAll(io.LimitReader(file, maxBytes+1))
	if err != nil {
		return nil, append(faults, fault{"unreadable", "its file cannot be read"})
	}
	if len(value) > maxBytes {
		return nil, append(faults, fault{"too-large", "its file is larger than a Swarm secret can be"})
	}
	return value, faults
}
