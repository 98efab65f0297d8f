package config_test

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"facet/internal/config"
	"facet/internal/credential"
	"facet/internal/directory"
)

func TestSettingsAreCheckedBeforeAnyFolder(t *testing.T) {
	for _, c := range []struct {
		name string
		data config.Data
		want string // in the error; "" for none
	}{
		{"nothing", config.Data{}, ""},
		{"a folder", config.Data{Dir: "x"}, ""},
		{"sqlite", config.Data{Database: "sqlite:x"}, ""},
		{"sqlite as a URL", config.Data{Database: "sqlite:///x/y"}, ""},
		{"sqlite without a folder", config.Data{Database: "sqlite:"}, "followed by a folder"},
		{"sqlite with options", config.Data{Database: "sqlite:x?mode=memory"}, "followed by a folder"},
		{"postgres", config.Data{Database: "postgres://user:pass@host:1/db?sslmode=disable"}, ""},
		{"postgres without a port number", config.Data{Database: "postgres://user:hush@host:x/db"}, "--database"},
		{"postgres with a setting that is none", config.Data{Database: "postgres://user:hush@host/db?pool_max_conns=x"}, "--database"},
		{"a replica", config.Data{Database: "postgres://host/db", Replicas: []string{"postgres://user:hush@other/db", "postgresql://third/db"}}, ""},
		{"a replica of a folder", config.Data{Replicas: []string{"postgres://user:hush@other/db"}}, "--replica needs a --database postgres://"},
		{"a replica that is a folder", config.Data{Database: "postgres://host/db", Replicas: []string{"sqlite:hush"}}, "--replica: the URL"},
		{"a replica without a port number", config.Data{Database: "postgres://host/db", Replicas: []string{"postgres://user:hush@host:x/db"}}, "--replica"},
		{"another scheme", config.Data{Database: "mysql://user:hush@host/db"}, `no scheme "mysql"`},
		{"no scheme", config.Data{Database: "hush"}, "sqlite:DIR"},
		{"a data key", config.Data{Key: credential.NewDataKey().Text()}, ""},
		{"a bad data key", config.Data{Key: "hush"}, "FACET_DATA_KEY"},
	} {
		err := c.data.Check()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: the error repeats a secret: %v", c.name, err)
		}
	}
}

func TestTheDataKeyIsMadeOnceAndWantedEverAfter(t *testing.T) {
	ctx, log := context.Background(), slog.New(slog.DiscardHandler)
	data := config.Data{Dir: filepath.Join(t.TempDir(), "deep", "data")}
	in, err := data.Open(ctx, log)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(data.Dir + ".key")
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the key file: %v %v", info, err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}

	// Without sites nothing is sealed: a lost key is made anew.
	if err := os.Remove(data.Dir + ".key"); err != nil {
		t.Fatal(err)
	}
	if in, err = data.Open(ctx, log); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Directory.CreateSite(ctx, directory.NewSite{Name: "a", Domain: "a.example", Policy: directory.DefaultPolicy()}); err != nil {
		t.Fatal(err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(data.Dir + ".key"); err != nil {
		t.Fatal(err)
	}
	if _, err := data.Open(ctx, log); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("without its key: %v", err)
	}
	if _, err := os.Stat(data.Dir + ".key"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("another key was made: %v", err)
	}
	wrong := data
	wrong.Key = credential.NewDataKey().Text()
	if _, err := wrong.Open(ctx, log); err == nil || !strings.Contains(err.Error(), "data key") {
		t.Errorf("with a wrong key: %v", err)
	}
}

func TestAFolderThatIsRefusedGetsNoKey(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	data := config.Data{Dir: file}
	if _, err := data.Open(context.Background(), slog.New(slog.DiscardHandler)); err == nil {
		t.Fatal("a file was opened as a folder")
	}
	if _, err := os.Stat(file + ".key"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a key was made: %v", err)
	}
}
