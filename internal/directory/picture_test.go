package directory_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/directory"
	"facet/internal/media"
	"facet/internal/media/mediatest"
	"facet/internal/profile"
	"facet/internal/store"
)

// pngBytes is a picture of one shade.
func pngBytes(t testing.TB, shade uint8) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 4, 4))
	for i := range img.Pix {
		img.Pix[i] = shade
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// largeBytes is a picture of two sizes, the smaller of which does not tell the
// shade of its one corner.
func largeBytes(t testing.TB, shade uint8) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 250, 250))
	for i := range img.Pix {
		img.Pix[i] = 128
	}
	img.Pix[0] = 128 + shade
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// readFile gives the content of a stored file, nil when there is none.
func (w *world) readFile(key string) []byte {
	w.t.Helper()
	f, err := w.demo.OpenFile(w.t.Context(), key, media.Wish{})
	if profile.IsKind(err, profile.NotFound) {
		return nil
	}
	if err != nil {
		w.t.Fatal(err)
	}
	b, err := io.ReadAll(f.Content)
	if err := errors.Join(err, f.Content.Close()); err != nil {
		w.t.Fatal(err)
	}
	return b
}

// doBlobs does the jobs that delete files, and gives their number.
func (w *world) doBlobs() int {
	w.t.Helper()
	jobs, err := w.store.System().DueJobs(w.t.Context(), w.clock.Now(), 0, 100)
	if err != nil {
		w.t.Fatal(err)
	}
	n := 0
	for _, job := range jobs {
		if job.Kind != store.BlobJob {
			continue
		}
		var body store.BlobBody
		if err := json.Unmarshal(job.Body, &body); err != nil {
			w.t.Fatal(err)
		}
		if err := errors.Join(w.dir.DropFile(w.t.Context(), job.Site, body), w.store.System().FinishJob(w.t.Context(), job)); err != nil {
			w.t.Fatal(err)
		}
		n++
	}
	return n
}

// fileOf is what is made of the picture of a shade.
func fileOf(t testing.TB, slot directory.PictureSlot, shade uint8) media.Rendition {
	t.Helper()
	preset := media.ProfilePicture
	if slot == directory.CoverPicture {
		preset = media.Cover
	}
	made, err := media.NewRenderer().Render(t.Context(), pngBytes(t, shade), preset)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// places are where the bytes of a shade's picture lie: it has one size.
func (w *world) places(shade uint8) []string {
	w.t.Helper()
	found, err := filepath.Glob(filepath.Join(w.mediaDir, "1", "*", "*", fileOf(w.t, directory.ProfilePicture, shade).Variants[0].Key+".*"))
	if err != nil {
		w.t.Fatal(err)
	}
	return found
}

func (w *world) onDisk(shade uint8) bool { return len(w.places(shade)) > 0 }

func TestAReplacedPictureIsDeletedWhenNobodyUsesIt(t *testing.T) {
	w := newWorld(t)
	alice, xia := w.as("alice"), w.as("xia")
	set := func(who access.Principal, slot directory.PictureSlot, shade uint8) string {
		t.Helper()
		key, err := w.demo.SetPicture(t.Context(), who, "", slot, pngBytes(t, shade))
		if err != nil {
			t.Fatal(err)
		}
		if made := fileOf(t, slot, shade); key != made.Key || !bytes.Equal(w.readFile(key), made.Data[made.Variants[0].Key]) {
			t.Errorf("%s is not there", key)
		}
		return key
	}
	first := set(alice, directory.ProfilePicture, 1)
	if again := set(alice, directory.ProfilePicture, 1); again != first {
		t.Errorf("%s, %s", first, again)
	}
	set(xia, directory.CoverPicture, 1)
	set(alice, directory.ProfilePicture, 2)
	if w.doBlobs() > 1 || !w.onDisk(1) { // the file goes, its variant is another's too
		t.Error("a picture that another uses is gone")
	}
	set(xia, directory.CoverPicture, 3)
	if w.readFile(first) != nil {
		t.Error("an unused picture is still given out")
	}
	if !w.onDisk(1) || w.doBlobs() != 2 || w.onDisk(1) { // the file and its variant
		t.Error("the file is not deleted by its job")
	}
	set(alice, directory.CoverPicture, 2) // once more, for something else
	set(alice, directory.ProfilePicture, 1)
	if w.doBlobs(); !w.onDisk(2) {
		t.Error("the cover's file was deleted")
	}
	me, err := w.demo.Me(t.Context(), alice)
	if err != nil || me.Picture() != "/api/file/"+first || me.Cover() != "/api/file/"+fileOf(t, directory.CoverPicture, 2).Key {
		t.Errorf("%s %s %v", me.Picture(), me.Cover(), err)
	}
}

func TestAFileStoredAgainSurvivesTheJobThatWasToDeleteIt(t *testing.T) {
	w := newWorld(t)
	alice, xia := w.as("alice"), w.as("xia")
	var key string
	for _, shade := range []uint8{1, 2} {
		k, err := w.demo.SetPicture(t.Context(), alice, "", directory.ProfilePicture, pngBytes(t, shade))
		if err != nil {
			t.Fatal(err)
		}
		if shade == 1 {
			key = k
		}
	}
	if _, err := w.demo.SetPicture(t.Context(), xia, "", directory.ProfilePicture, pngBytes(t, 1)); err != nil {
		t.Fatal(err)
	}
	if w.doBlobs() != 2 || w.readFile(key) == nil {
		t.Error("a file in use was deleted")
	}
}

// Two processes over one store and one folder know nothing of each other's
// uploads.
func TestPicturesAndDeletionsAtOnceLoseNoFile(t *testing.T) {
	w := newWorld(t)
	other := w.beside(media.NewStore(w.mediaDir))
	callers := []access.Principal{w.as("alice"), w.as("xia"), w.as("bob")}
	var wg sync.WaitGroup
	for i, who := range callers {
		site := w.demo
		if i == 1 {
			site = other
		}
		wg.Go(func() {
			for n := range 10 {
				if _, err := site.SetPicture(t.Context(), who, "", directory.ProfilePicture, pngBytes(t, uint8((i+n)%3))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Go(func() {
		for range 30 {
			w.doBlobs()
		}
	})
	wg.Wait()
	w.clock.add(2 * time.Hour) // what two wrote at once, and one noted, goes by then
	w.doBlobs()
	used := map[string]bool{}
	for _, who := range callers {
		me, err := w.demo.Me(t.Context(), who)
		if err != nil {
			t.Fatal(err)
		}
		key := strings.TrimPrefix(me.Picture(), directory.FilePath)
		if used[key] = true; w.readFile(key) == nil {
			t.Errorf("%s is lost", key)
		}
	}
	for shade := range uint8(3) {
		want := 0
		if used[fileOf(t, directory.ProfilePicture, shade).Key] {
			want = 1
		}
		if got := w.places(shade); len(got) != want {
			t.Errorf("shade %d: %d files on disk, %d in use", shade, len(got), want)
		}
	}
}

// beside is the demo site as another process has it.
func (w *world) beside(files media.Files) *directory.Site {
	w.t.Helper()
	_, site := w.besideAll(files)
	return site
}

func (w *world) besideAll(files media.Files) (*directory.Directory, *directory.Site) {
	w.t.Helper()
	all := directory.New(directory.Config{
		Store: w.store, DataKey: w.key, Hasher: credential.NewHasher(credential.HasherConfig{}), Now: w.clock.Now, Log: slog.New(slog.DiscardHandler), Media: files,
	})
	site, _, err := all.SiteAt(w.t.Context(), "127.0.0.1:8080")
	if err != nil {
		w.t.Fatal(err)
	}
	return all, site
}

func TestPicturesInABucketAreReplacedAndErasedAsThoseInAFolder(t *testing.T) {
	w := newWorld(t)
	alice, xia := w.as("alice"), w.as("xia")
	where, objects := mediatest.Bucket(t, "")
	files, err := media.ParseFiles(where)
	if err != nil {
		t.Fatal(err)
	}
	var site *directory.Site
	w.dir, site = w.besideAll(files)
	set := func(who access.Principal, shade uint8) string {
		t.Helper()
		key, err := site.SetPicture(t.Context(), who, "", directory.ProfilePicture, pngBytes(t, shade))
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	first := set(alice, 1)
	set(xia, 1)
	if n := objects(); n != 1 {
		t.Errorf("%d objects for one picture of two", n)
	}
	set(alice, 2)
	w.doBlobs()
	w.demo = site
	if made := fileOf(t, directory.ProfilePicture, 1); first != made.Key || !bytes.Equal(w.readFile(first), made.Data[made.Variants[0].Key]) || objects() != 2 {
		t.Error("a picture that another uses is gone")
	}
	set(xia, 2)
	w.doBlobs()
	if w.readFile(first) != nil || objects() != 1 {
		t.Error("a replaced picture is still there")
	}
	for name, who := range map[string]access.Principal{"alice": alice, "xia": xia} {
		if err := site.EraseProfile(t.Context(), who, name); err != nil {
			t.Fatal(err)
		}
	}
	w.doBlobs()
	if n := objects(); n != 0 {
		t.Errorf("%d objects outlive those they are of", n)
	}
}

// tampered is a storage with something happening as a file was put.
type tampered struct {
	media.Files
	put func() error
}

func (f tampered) Put(ctx context.Context, site int64, place string, data []byte) error {
	if err := f.Files.Put(ctx, site, place, data); err != nil {
		return err
	}
	return f.put()
}

// dies is what stands for a crash: nothing that comes after it is done.
type dies struct{ media.Files }

func (dies) Delete(context.Context, int64, string) error { return errors.New("dead") }

func TestACrashBetweenStoringAndNotingLeavesWhatAJobCollects(t *testing.T) {
	w := newWorld(t)
	alice := w.as("alice")
	crash := errors.New("crash")
	site := w.beside(tampered{dies{media.NewStore(w.mediaDir)}, func() error { return crash }})
	if _, err := site.SetPicture(t.Context(), alice, "", directory.ProfilePicture, pngBytes(t, 5)); !errors.Is(err, crash) {
		t.Fatal(err)
	}
	if !w.onDisk(5) || w.doBlobs() != 0 {
		t.Fatal("nothing was left to collect")
	}
	w.clock.add(2 * time.Hour)
	if w.doBlobs() != 1 || w.onDisk(5) {
		t.Error("what was left is not collected")
	}
	if _, err := w.demo.SetPicture(t.Context(), alice, "", directory.ProfilePicture, pngBytes(t, 5)); err != nil {
		t.Fatal(err)
	}
	w.clock.add(2 * time.Hour)
	if w.doBlobs() != 1 || !w.onDisk(5) {
		t.Error("a file in use was collected")
	}
}

func TestAStorageThatFailsLeavesNothing(t *testing.T) {
	w := newWorld(t)
	alice := w.as("alice")
	full := errors.New("the disk is full")
	site := w.beside(tampered{media.NewStore(w.mediaDir), func() error { return full }})
	if _, err := site.SetPicture(t.Context(), alice, "", directory.CoverPicture, pngBytes(t, 5)); !errors.Is(err, full) {
		t.Fatal(err)
	}
	if me, err := w.demo.Me(t.Context(), alice); err != nil || me.Cover() != "" || w.onDisk(5) {
		t.Errorf("%s, %v, on disk %v", me.Cover(), err, w.onDisk(5))
	}
}

// The picture that is uploaded is in use when the upload begins, so that its
// bytes are not sent again; then its last user gives it up.
func TestAPictureGivenUpWhileItIsUploadedAgainIsWrittenAgain(t *testing.T) {
	w := newWorld(t)
	alice, xia := w.as("alice"), w.as("xia")
	// Of this one, the first size is that of the picture with shade 1; another
	// is its own, which is written after one has looked for the first.
	set := func(site *directory.Site, who access.Principal, data []byte) string {
		t.Helper()
		key, err := site.SetPicture(t.Context(), who, "", directory.ProfilePicture, data)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	set(w.demo, xia, largeBytes(t, 1))
	puts := 0
	site := w.beside(tampered{media.NewStore(w.mediaDir), func() error {
		if puts++; puts == 1 {
			set(w.demo, xia, pngBytes(t, 9))
			w.doBlobs()
		}
		return nil
	}})
	key := set(site, alice, largeBytes(t, 2))
	f, err := w.demo.FileInfo(t.Context(), key)
	if err != nil || len(f.Variants) != 2 || puts != 1+2 {
		t.Fatalf("%+v, %v, %d files written", f, err, puts)
	}
	for _, v := range f.Variants {
		if w.readFile(v.Key) == nil {
			t.Errorf("%s is lost", v.Name)
		}
	}
}

// The same picture once more changes nothing of the profile, which may be
// changed, or erased, just before its use of the file is noted.
func TestTheSamePictureAgainTakesNothingFromOneThatCameBetween(t *testing.T) {
	for name, erased := range map[string]bool{"another": false, "the end": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			alice, xia := w.as("alice"), w.as("xia")
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			set := func(site *directory.Site, who access.Principal, shade uint8) error {
				_, err := site.SetPicture(t.Context(), who, "", directory.ProfilePicture, pngBytes(t, shade))
				return err
			}
			must(set(w.demo, alice, 1))
			must(set(w.demo, xia, 1)) // who keeps it there
			between := &watched{Store: w.store}
			all := directory.New(directory.Config{
				Store: between, DataKey: w.key, Hasher: credential.NewHasher(credential.HasherConfig{}), Now: w.clock.Now, Log: slog.New(slog.DiscardHandler), Media: media.NewStore(w.mediaDir),
			})
			site, _, err := all.SiteAt(t.Context(), "127.0.0.1:8080")
			must(err)
			between.before(func() {
				between.before(nil)
				if erased {
					must(w.demo.EraseSelf(t.Context(), alice))
				} else {
					must(set(w.demo, alice, 2))
				}
			})
			noted := set(site, alice, 1)
			must(set(w.demo, xia, 3))
			w.doBlobs()
			if erased {
				if !profile.IsKind(noted, profile.NotFound) || w.onDisk(1) {
					t.Errorf("%v; a picture of who is erased is kept: %v", noted, w.onDisk(1))
				}
				return
			}
			must(noted)
			now, err := w.demo.User(t.Context(), alice, "alice")
			must(err)
			key := strings.TrimPrefix(now.Picture(), directory.FilePath)
			if f, err := w.demo.OpenFile(t.Context(), key, media.Wish{}); err != nil {
				t.Errorf("the profile shows a picture that is gone: %v", err)
			} else {
				f.Content.Close()
			}
		})
	}
}

func TestUploadedPicturesWaitForTheirCommunity(t *testing.T) {
	w := newWorld(t)
	alice := w.as("alice")
	upload := func(shade uint8) (directory.FileInfo, bool) {
		t.Helper()
		f, existed, err := w.demo.Upload(t.Context(), alice, media.ProfilePicture, pngBytes(t, shade))
		if err != nil {
			t.Fatal(err)
		}
		return f, existed
	}
	first, existed := upload(1)
	if existed || first.Width != 4 || len(first.Variants) != 1 {
		t.Errorf("%+v, %v", first, existed)
	}
	if again, existed := upload(1); !existed || again.Key != first.Key {
		t.Errorf("%+v, %v", again, existed)
	}
	p, err := w.demo.CreateCommunity(t.Context(), alice, directory.NewCommunity{IDTag: "club@example.com", Picture: first.Key})
	if err != nil || p.Picture() != "/api/file/"+first.Key {
		t.Fatalf("%s, %v", p.Picture(), err)
	}
	second, _ := upload(2)
	upload(3) // in place of the second
	w.doBlobs()
	if w.readFile(first.Key) == nil || !w.onDisk(1) {
		t.Error("the community's picture is gone")
	}
	if w.readFile(second.Key) != nil || w.onDisk(2) || !w.onDisk(3) {
		t.Error("what nobody took is still there")
	}
	if err := w.demo.EraseProfile(t.Context(), alice, "alice"); err != nil {
		t.Fatal(err)
	}
	w.doBlobs()
	if w.onDisk(3) {
		t.Error("an upload outlives who made it")
	}
}

func TestErasingDeletesPictures(t *testing.T) {
	w := newWorld(t)
	xia := w.as("xia")
	var keys []string
	for i, slot := range []directory.PictureSlot{directory.ProfilePicture, directory.CoverPicture} {
		key, err := w.demo.SetPicture(t.Context(), xia, "", slot, pngBytes(t, uint8(i)))
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	if err := w.demo.EraseProfile(t.Context(), xia, "xia"); err != nil {
		t.Fatal(err)
	}
	if n := w.doBlobs(); n != 4 { // two files, two variants
		t.Errorf("%d jobs", n)
	}
	for i, key := range keys {
		if w.readFile(key) != nil || w.onDisk(uint8(i)) {
			t.Errorf("%s is still there", key)
		}
	}
}

func TestARefusedPictureLeavesNothing(t *testing.T) {
	w := newWorld(t)
	alice, xia := w.as("alice"), w.as("xia")
	for name, c := range map[string]struct {
		who  access.Principal
		slug string
		data []byte
		want profile.Kind
	}{
		"nobody":           {access.Principal{}, "", pngBytes(t, 9), profile.Unauthenticated},
		"of somebody else": {xia, "alice", pngBytes(t, 9), profile.Forbidden},
		"of nobody":        {xia, "nobody", pngBytes(t, 9), profile.NotFound},
		"empty":            {alice, "", nil, profile.Missing},
		"no picture":       {alice, "", []byte("<svg/>"), profile.Invalid},
		"gone meanwhile":   {access.Principal{Subject: profile.ID{9}, Session: profile.ID{8}}, "", pngBytes(t, 9), profile.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.demo.SetPicture(t.Context(), c.who, c.slug, directory.ProfilePicture, c.data)
			if !profile.IsKind(err, c.want) {
				t.Errorf("%v, want kind %v", err, c.want)
			}
			if w.onDisk(9) {
				t.Error("the file is there")
			}
		})
	}
}

func TestAPictureStandsBesideOtherPhotos(t *testing.T) {
	w := newWorld(t)
	photos := `{"photos":[{"type":"other","value":"https://pictures.example/1.png"}]}`
	rec := w.record("alice")
	_, err := w.demo.UpdateEntity(t.Context(), w.owner(), "user", directory.Selector{ID: rec.ID}, directory.Guards{}, directory.EntityChange{Value: []byte(photos)})
	if err != nil {
		t.Fatal(err)
	}
	alice := w.as("alice")
	if me, err := w.demo.Me(t.Context(), alice); err != nil || me.Picture() != "https://pictures.example/1.png" {
		t.Errorf("%s, %v", me.Picture(), err)
	}
	for shade := range uint8(3) {
		key, err := w.demo.SetPicture(t.Context(), alice, "", directory.ProfilePicture, pngBytes(t, shade))
		if err != nil {
			t.Fatal(err)
		}
		if me, err := w.demo.Me(t.Context(), alice); err != nil || me.Picture() != "/api/file/"+key {
			t.Errorf("%s, %v", me.Picture(), err)
		}
	}
	if n := strings.Count(string(w.record("alice").Attrs), `"value"`); n != 2 {
		t.Errorf("%d photos: %s", n, w.record("alice").Attrs)
	}
}

func TestACommunityHasThePictureOfAStoredFile(t *testing.T) {
	w := newWorld(t)
	alice := w.as("alice")
	for i, given := range []string{"b1~abc123", "/api/file/b1~abc123", "/file/b1~abc123"} {
		p, err := w.demo.CreateCommunity(t.Context(), alice, directory.NewCommunity{IDTag: fmt.Sprintf("club%d@example.com", i), Picture: given})
		if err != nil || p.Picture() != "/api/file/b1~abc123" {
			t.Errorf("%s: %s, %v", given, p.Picture(), err)
		}
	}
	for _, given := range []string{"b1~nothing", "nothing", "https://evil.example/x.png", "../b1~abc123/.."} {
		_, err := w.demo.CreateCommunity(t.Context(), alice, directory.NewCommunity{IDTag: "club9@example.com", Picture: given})
		if profile.AsError(err).Field != "profilePic" {
			t.Errorf("%s: %v", given, err)
		}
	}
}
