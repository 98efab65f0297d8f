package config_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"facet/internal/access"
	"facet/internal/backup"
	"facet/internal/config"
	"facet/internal/credential"
	"facet/internal/directory"
	"facet/internal/media"
	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/postgres/pgtest"
)

// newData gives settings of an empty installation, on PostgreSQL where the
// environment asks for it.
func newData(t *testing.T, key string) config.Data {
	t.Helper()
	data := config.Data{Dir: filepath.Join(t.TempDir(), "data"), Key: key}
	c, err := pgtest.Shared()
	if err != nil {
		t.Fatal(err)
	}
	if c != nil {
		name, err := c.Create("template1")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := c.Drop(name); err != nil {
				t.Log(err)
			}
		})
		data.Database = c.URL(name)
	}
	return data
}

func openData(t *testing.T, data config.Data) *config.Installation {
	t.Helper()
	in, err := data.Open(t.Context(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// backedUp makes the demo, and a backup of it while somebody writes.
func backedUp(t *testing.T) (key string, archive []byte, made backup.Made) {
	t.Helper()
	key = credential.NewDataKey().Text()
	data := newData(t, key)
	in := openData(t, data)
	defer in.Close()
	if _, err := in.Directory.SeedDemo(t.Context(), "https://demo.example"); err != nil {
		t.Fatal(err)
	}
	site, err := in.Directory.SiteNamed(t.Context(), "demo")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var writing sync.WaitGroup
	begun := make(chan struct{})
	writing.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			who := access.Principal{Subject: profile.ID{1}, Client: true, Features: []access.Feature{access.Owner}}
			if _, err := site.CreateEntity(context.WithoutCancel(ctx), who, "user", fmt.Appendf(nil, `{"email":"w%d@example.com"}`, n)); err != nil {
				t.Error(err)
			}
			if n == 10 {
				close(begun)
			}
		}
	})
	<-begun
	reading, err := data.OpenForReading(t.Context(), slog.New(slog.DiscardHandler)) // another process, as far as the store knows
	if err != nil {
		t.Fatal(err)
	}
	defer reading.Close()
	var out bytes.Buffer
	made, err = backup.Create(t.Context(), backup.Source{Store: reading.Store, Files: reading.Files, Key: reading.Key, Version: "test", Scratch: t.TempDir(), Now: time.Now()}, &out)
	stop()
	writing.Wait()
	if err != nil {
		t.Fatal(err)
	}
	return key, out.Bytes(), made
}

func restore(t *testing.T, data config.Data, archive []byte) (*config.Installation, error) {
	t.Helper()
	r, err := backup.Open(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return data.Restore(t.Context(), r, slog.New(slog.DiscardHandler))
}

func TestABackupMadeWhileServingIsRestoredAsOfOneMoment(t *testing.T) {
	key, archive, made := backedUp(t)
	if made.Files == 0 || made.Parts == 0 || made.Missing != 0 {
		t.Fatalf("%+v", made)
	}
	data := newData(t, key)
	in, err := restore(t, data, archive)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { in.Close() }()
	site, err := in.Directory.SiteNamed(t.Context(), "demo")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := site.Login(t.Context(), directory.Credentials{Login: "xia", Spaces: []profile.Space{profile.Slug}, Password: "yoyo"}, directory.Exchanged); err != nil {
		t.Error("xia:", err)
	}
	f, err := site.OpenFile(t.Context(), "b1~abc123", media.Wish{})
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(f.Content)
	if err != nil || int64(len(content)) != f.Size || f.Content.Close() != nil {
		t.Errorf("the picture has %d bytes of %d: %v", len(content), f.Size, err)
	}
	// What was acknowledged before the backup began is there, and of what came
	// meanwhile a beginning without gaps: the snapshot is of one moment.
	gap := -1
	for n := range 100_000 {
		_, err := in.Store.Site(1).Get(t.Context(), profile.Email, fmt.Sprintf("w%d@example.com", n))
		if profile.IsKind(err, profile.NotFound) {
			gap = n
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if gap < 10 {
		t.Errorf("only %d records", gap)
	}
	if _, err := in.Store.Site(1).Get(t.Context(), profile.Email, fmt.Sprintf("w%d@example.com", gap+1)); err == nil {
		t.Errorf("there is a gap at %d", gap)
	}
	// Positions of events begin a new epoch.
	if _, err := site.AddApp(t.Context(), directory.NewApp{App: directory.App{Name: "after"}}); err != nil {
		t.Fatal(err)
	}
	last := store.Position{}
	for more := true; more; {
		err := in.Store.Site(1).View(t.Context(), func(r store.Reader) error {
			events, err := r.Events(last, 500)
			more = len(events) > 0
			for _, e := range events {
				if e.Position.Epoch < last.Epoch {
					t.Errorf("%v after %v", e.Position, last)
				}
				last = e.Position
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if last.Epoch < 2 {
		t.Errorf("the last position is %v", last)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	in = openData(t, data)
}

func TestADamagedBackupIsRefusedAndLeavesNothing(t *testing.T) {
	key, archive, _ := backedUp(t)
	damaged := map[string][]byte{"cut off": archive[:len(archive)-20], "cut in half": archive[:len(archive)/2], "empty": nil, "something else": []byte(strings.Repeat("hello ", 1000))}
	for _, at := range []int{100, len(archive) / 3, len(archive) / 2, len(archive) - 100} {
		flipped := bytes.Clone(archive)
		flipped[at] ^= 0x40
		damaged[fmt.Sprintf("flipped at %d", at)] = flipped
	}
	data := newData(t, key)
	for name, content := range damaged {
		_, err := restore(t, data, content)
		if !errors.Is(err, backup.ErrDamaged) && !errors.Is(err, backup.ErrFormat) && (err == nil || !strings.Contains(err.Error(), "damaged")) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(data.Dir); !errors.Is(err, os.ErrNotExist) && data.Database == "" {
			t.Errorf("%s left %s", name, data.Dir)
		}
		if r, err := backup.Open(bytes.NewReader(content)); err == nil {
			if _, err := backup.Check(t.Context(), r); err == nil {
				t.Errorf("%s: Check finds nothing", name)
			}
			r.Close()
		}
	}
	in, err := restore(t, data, archive) // nothing is in the way
	if err != nil {
		t.Fatal(err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestARestoreNeedsTheDataKeyAndWritesNothingOver(t *testing.T) {
	key, archive, made := backedUp(t)
	data := newData(t, credential.NewDataKey().Text())
	if _, err := restore(t, data, archive); err == nil || !strings.Contains(err.Error(), made.Manifest.Key) {
		t.Error("another key:", err)
	}
	data.Key = ""
	if _, err := restore(t, data, archive); err == nil || !strings.Contains(err.Error(), "data key") {
		t.Error("no key:", err)
	}
	if bytes.Contains(archive, []byte(key)) {
		t.Error("the key is in the backup")
	}
	data.Key = key
	in, err := restore(t, data, archive)
	if err != nil {
		t.Fatal(err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := restore(t, data, archive); err == nil {
		t.Error("restored over what is there")
	}
	in = openData(t, data)
	if err := in.Close(); err != nil {
		t.Error("what was there is broken:", err)
	}
}
