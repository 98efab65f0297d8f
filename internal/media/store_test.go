package media_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"facet/internal/media"
	"facet/internal/media/mediatest"
)

func TestAStoreGivesBackWhatItWasGiven(t *testing.T) {
	ctx := t.Context()
	s := media.NewStore(filepath.Join(t.TempDir(), "blobs"))
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOf(rapid.Byte()).Draw(t, "data")
		site := rapid.Int64Range(1, 3).Draw(t, "site")
		key := media.Key(data)
		for range 2 {
			if err := s.Put(ctx, site, key, data); err != nil {
				t.Fatal(err)
			}
		}
		f, err := s.Open(ctx, site, key)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, data) {
			t.Fatalf("%q, %v", got, err)
		}
	})
}

func TestADeletedFileIsGoneAndOthersStay(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	s := media.NewStore(dir)
	for _, site := range []int64{1, 2} {
		if err := s.Put(ctx, site, "b1~abc123", []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "1", "ab", "c1", "b1~abc123")); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := s.Delete(ctx, 1, "b1~abc123"); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Open(ctx, 1, "b1~abc123"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	f, err := s.Open(ctx, 2, "b1~abc123")
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
}

func TestWhatACrashLeftOfAFileIsDeletedWithIt(t *testing.T) {
	dir := t.TempDir()
	s := media.NewStore(dir)
	folder := filepath.Join(dir, "1", "ab", "c1")
	ctx := t.Context()
	for _, place := range []string{"b1~abc123.one", "b1~abc123.two"} {
		if err := s.Put(ctx, 1, place, []byte("x")); err != nil {
			t.Fatal(err)
		}
		if err := s.Delete(ctx, 1, place); err != nil { // it was never moved to its place
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, media.NewPrefix(place)+"123"), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Delete(ctx, 1, "b1~abc123.one"); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(folder)
	if err != nil || len(files) != 1 || files[0].Name() != media.NewPrefix("b1~abc123.two")+"123" {
		t.Errorf("%v, %v", files, err)
	}
}

func TestManyMayPutTheSameFileAtOnce(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	s := media.NewStore(dir)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := s.Put(ctx, 1, "b1~same", []byte("same")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	files, err := os.ReadDir(filepath.Join(dir, "1", "sa", "me"))
	if err != nil || len(files) != 1 {
		t.Errorf("%v, %v", files, err)
	}
}

func TestNoKeyLeadsOutOfTheFolder(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := media.NewStore(filepath.Join(dir, "blobs"))
	for _, key := range []string{"", "..", "../secret", "b1~", "b1~a", "b1~../../../../secret", "b1~ab/c1", "/etc/passwd", "b1~abc\x00", "b1~abcd.PNG",
		`b1~ab\..`, "B1~abcd", "b1~äbcd", "b1~abcd\n", "b1~" + strings.Repeat("a", 87), "secret", "@1"} {
		if media.IsKey(key) {
			t.Errorf("%q is taken for a key", key)
		}
		if err := s.Put(ctx, 1, key, []byte("y")); err == nil {
			t.Errorf("%q was written", key)
		}
		if _, err := s.Open(ctx, 1, key); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: %v", key, err)
		}
		if err := s.Delete(ctx, 1, key); err == nil {
			t.Errorf("%q was deleted", key)
		}
	}
	if b, err := os.ReadFile(secret); err != nil || string(b) != "x" {
		t.Errorf("%q, %v", b, err)
	}
	if err := s.Put(ctx, 0, "b1~abcd", nil); err == nil {
		t.Error("a file of no site was written")
	}
}

// bucket is an S3 server on a port of its own, and a bucket of it.
func bucket(t testing.TB) *media.Bucket {
	t.Helper()
	where, _ := mediatest.Bucket(t, "some/prefix")
	files, err := media.ParseFiles(where)
	if err != nil {
		t.Fatal(err)
	}
	b := files.(*media.Bucket)
	if err := b.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFolderAndBucketKeepFilesAlike(t *testing.T) {
	folder, err := media.ParseFiles(filepath.Join(t.TempDir(), "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	for name, files := range map[string]media.Files{"folder": folder, "bucket": bucket(t)} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			data := bytes.Repeat([]byte("0123456789"), 1000)
			key := media.Key(data)
			place := key + ".abc123"
			if _, err := files.Open(ctx, 1, place); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("before: %v", err)
			}
			for _, site := range []int64{1, 2} {
				for range 2 {
					if err := files.Put(ctx, site, place, data); err != nil {
						t.Fatal(err)
					}
				}
			}
			f, err := files.Open(ctx, 1, place)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if size, err := f.Seek(0, io.SeekEnd); err != nil || size != int64(len(data)) {
				t.Errorf("%d, %v", size, err)
			}
			for _, at := range []int64{0, 5, 9999, 10000, 3} {
				if _, err := f.Seek(at, io.SeekStart); err != nil {
					t.Fatal(err)
				}
				if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, data[at:]) {
					t.Errorf("from %d: %d bytes, %v", at, len(got), err)
				}
			}
			if at, err := f.Seek(-7, io.SeekCurrent); err != nil || at != 9993 {
				t.Errorf("%d, %v", at, err)
			}
			if _, err := f.Seek(-1, io.SeekStart); err == nil {
				t.Error("read from before the beginning")
			}
			for range 2 {
				if err := files.Delete(ctx, 1, place); err != nil {
					t.Error(err)
				}
			}
			if _, err := files.Open(ctx, 1, place); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("after: %v", err)
			}
			other, err := files.Open(ctx, 2, place)
			if err != nil {
				t.Fatalf("of another site: %v", err)
			}
			other.Close()
			for _, bad := range []string{"", "../x", "b1~abcd/../../x", "b1~abcd.A", "b1~abcd.", "b1~abcd.x.y"} {
				if err := files.Put(ctx, 1, bad, data); err == nil {
					t.Errorf("%q was written", bad)
				}
			}
		})
	}
}

func TestABucketThatIsNotThereIsTold(t *testing.T) {
	where, _ := mediatest.Bucket(t, "")
	b, err := media.ParseBucket(strings.Replace(where, "s3://pictures/", "s3://nothing", 1))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "nothing") {
		t.Error(err)
	}
}

func TestWhatNamesNoBucketIsRefused(t *testing.T) {
	for _, s := range []string{"s3://", "s3:///x", "gs://x", "https://x", "s3://x?endpoint=x", "s3://x?endpoint=ftp://y", "s3://x?endpoint=https://y/z", "s3://x?path_style=1",
		"s3://x?key=secret", "s3://key:secret@x", "s3://x#y", "s3://%zz"} {
		if _, err := media.ParseFiles(s); err == nil {
			t.Errorf("%s was taken", s)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", s, err)
		}
	}
}
