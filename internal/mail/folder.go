package mail

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Folder is a Sender that writes each message into a folder, as a file that
// mail programs open. Names sort by time, and say whom a message is about:
// 20260131T235959.000000000Z-ABOUT-….eml. A file appears whole or not at all,
// and only its owner can read it.
type Folder struct {
	Dir string           // made when it is not there
	Now func() time.Time // the clock; nil is time.Now

	mu        sync.Mutex
	forgotten map[string]bool // about whom nothing is written any more
}

// Send writes the message to a new file.
func (f *Folder) Send(ctx context.Context, m Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.forgotten[m.About] {
		return nil
	}
	now := time.Now()
	if f.Now != nil {
		now = f.Now()
	}
	msg, err := build(m, now)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		return fmt.Errorf("mail folder: %w", err)
	}
	tmp, err := os.CreateTemp(f.Dir, ".new-*") // mode 0600
	if err != nil {
		return fmt.Errorf("mail folder: %w", err)
	}
	_, err = msg.WriteTo(tmp)
	if err == nil {
		err = tmp.Sync()
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err == nil {
		name := now.UTC().Format("20060102T150405.000000000Z") + "-" + m.About + "-" + random() + ".eml"
		err = os.Rename(tmp.Name(), filepath.Join(f.Dir, name))
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
		return fmt.Errorf("mail folder: %w", err)
	}
	return nil
}

// Forget deletes the messages about somebody.
func (f *Folder) Forget(ctx context.Context, about string) error {
	if about == "" {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.forgotten == nil {
		f.forgotten = map[string]bool{}
	}
	f.forgotten[about] = true
	files, err := os.ReadDir(f.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("mail folder: %w", err)
	}
	for _, file := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !strings.Contains(file.Name(), "-"+about+"-") {
			continue
		}
		if err := os.Remove(filepath.Join(f.Dir, file.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("mail folder: %w", err)
		}
	}
	return nil
}
