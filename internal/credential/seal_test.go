package credential

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"facet/internal/profile"

	"pgregory.net/rapid"
)

func TestWhatIsSealedOpensInItsContextOnly(t *testing.T) {
	key, other := NewDataKey(), NewDataKey()
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		context := rapid.SliceOf(rapid.Byte()).Draw(t, "context")
		sealed := key.Seal(plain, context)
		if len(sealed) != 1+24+len(plain)+16 || bytes.Equal(sealed, key.Seal(plain, context)) {
			t.Fatal("wrong length, or sealed alike twice")
		}
		if got, err := key.Open(sealed, context); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("Open = %x, %v", got, err)
		}
		if _, err := key.Open(sealed, append(context, 0)); !profile.IsKind(err, profile.Internal) {
			t.Fatalf("another context: %v", err)
		}
		if _, err := other.Open(sealed, context); !profile.IsKind(err, profile.Internal) {
			t.Fatalf("another key: %v", err)
		}
		altered := bytes.Clone(sealed)
		altered[rapid.IntRange(0, len(sealed)-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, err := key.Open(altered, context); !profile.IsKind(err, profile.Internal) {
			t.Fatalf("altered: %v", err)
		}
		if _, err := key.Open(sealed[:rapid.IntRange(0, len(sealed)-1).Draw(t, "cut")], context); !profile.IsKind(err, profile.Internal) {
			t.Fatalf("cut: %v", err)
		}
	})
}

func TestDataKeyLoadsFromBytesAndText(t *testing.T) {
	key := NewDataKey()
	sealed := key.Seal([]byte("secret"), nil)
	fromBytes, err := DataKeyFromBytes(key.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{key.Text(), key.Text() + "=", " " + key.Text() + "\r\n"} {
		fromText, err := DataKeyFromText(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range []DataKey{fromBytes, fromText} {
			if plain, err := k.Open(sealed, nil); err != nil || string(plain) != "secret" {
				t.Errorf("Open = %q, %v", plain, err)
			}
		}
	}
	for _, text := range []string{"", "yoyo", key.Text()[1:], key.Text() + "A", key.Text() + key.Text(), strings.Repeat("!", 43)} {
		if _, err := DataKeyFromText(text); err == nil {
			t.Errorf("%q is a data key", text)
		}
	}
}

func TestKeysDoNotPrint(t *testing.T) {
	key, signing := NewDataKey(), NewSigningKey(then)
	text, _ := json.Marshal(key)
	text = fmt.Appendf(text, "%v %+v %#v %s %x %v %v %+v %x", key, key, key, key, key, &key, struct{ K DataKey }{key}, signing, signing)
	for _, secret := range []string{key.Text(), fmt.Sprintf("%x", key.Bytes()), fmt.Sprint(key.Bytes()), fmt.Sprintf("%x", signing.Private.Seed()), fmt.Sprint(signing.Private.Seed())} {
		if strings.Contains(string(text), strings.Trim(secret, "[]")) {
			t.Errorf("%s holds a key", text)
		}
	}
}

func TestDataKeyFileIsMadeOnceAndPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data.key")
	keys := make([]DataKey, 8)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() {
			var err error
			if keys[i], err = LoadOrCreateDataKey(path); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, k := range keys {
		if k.key != keys[0].key {
			t.Fatal("two keys were loaded")
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("%d files, want the key's only", len(left))
	}
}

func TestDataKeyFileIsRefused(t *testing.T) {
	dir := t.TempDir()
	good := NewDataKey().Text()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	folder := filepath.Join(dir, "folder")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	dangling := filepath.Join(dir, "dangling")
	if err := os.Symlink("nowhere", dangling); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		write("world", good, 0o644):                         "others may read it (mode 0644)",
		write("group", good, 0o640):                         "others may read it (mode 0640)",
		write("short", good[:40], 0o600):                    "32 bytes",
		write("empty", "", 0o600):                           "32 bytes",
		write("huge", strings.Repeat(good+"\n", 99), 0o600): "32 bytes",
		folder:                                "not a regular file",
		dangling:                              "no such file",
		filepath.Join(dir, "missing", "data"): "no such file",
	} {
		before, _ := os.ReadFile(path)
		_, err := LoadOrCreateDataKey(path)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "data key "+path+": ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %q, want one line with the path and %q", err, want)
		}
		if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
			t.Errorf("%s was changed", path)
		}
	}
}

func FuzzOpen(f *testing.F) {
	key, err := DataKeyFromBytes(make([]byte, 32))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(key.Seal([]byte("secret"), []byte("context")), []byte("context"))
	f.Add([]byte{sealV1}, []byte{})
	f.Fuzz(func(t *testing.T, sealed, context []byte) {
		if plain, err := key.Open(sealed, context); err != nil && (plain != nil || !profile.IsKind(err, profile.Internal)) {
			t.Errorf("%x, %v", plain, err)
		}
	})
}
