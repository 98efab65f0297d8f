// Package sms sends text messages to phones. What is built in writes them into
// a folder, where the demo site and a developer read them; a provider of real
// ones is another Sender.
package sms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Message is one text message to one phone.
type Message struct {
	ID   string `json:"id"` // the same for every try
	To   string `json:"to"` // E.164
	Text string `json:"text"`
}

// Sender sends messages. Send returns nil once the message has been taken
// over. It may be called by many goroutines at once.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// Folder is a Sender that writes each message into a folder, as a JSON file
// that only its owner can read and that appears whole or not at all. Names
// sort by time.
type Folder struct {
	Dir string // made when it is not there
}

// Send writes the message to a new file. A repetition takes the place of the
// file before.
func (f *Folder) Send(ctx context.Context, m Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		return fmt.Errorf("sms folder: %w", err)
	}
	tmp, err := os.CreateTemp(f.Dir, ".new-*") // mode 0600
	if err != nil {
		return fmt.Errorf("sms folder: %w", err)
	}
	_, err = tmp.Write(append(raw, '\n'))
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), filepath.Join(f.Dir, m.ID+".json"))
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
		return fmt.Errorf("sms folder: %w", err)
	}
	return nil
}

// ParseURL makes the Sender that a setting names: folder:///path, or
// folder:path from the current directory.
func ParseURL(s string) (Sender, error) {
	dir, ok := strings.CutPrefix(s, "folder:")
	if !ok || strings.TrimPrefix(dir, "//") == "" {
		return nil, errors.New("--sms: this build knows folder:///path, or folder:path from the current directory")
	}
	return &Folder{Dir: filepath.Clean(strings.TrimPrefix(dir, "//"))}, nil
}
