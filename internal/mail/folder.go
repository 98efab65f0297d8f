package mail

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Folder is a Sender that writes each message into a folder, as a file that
// mail programs open. Names sort by time: 20260131T235959.000000000Z-….eml. A
// file appears whole or not at all, and only its owner can read it.
type Folder struct {
	Dir string           // made when it is not there
	Now func() time.Time // the clock; nil is time.Now
}

// Send writes the message to a new file.
func (f *Folder) Send(ctx context.Context, m Message) error {
	if err := ctx.Err(); err != nil {
		return err
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
		name := now.UTC().Format("20060102T150405.000000000Z") + "-" + random() + ".eml"
		err = os.Rename(tmp.Name(), filepath.Join(f.Dir, name))
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
		return fmt.Errorf("mail folder: %w", err)
	}
	return nil
}
