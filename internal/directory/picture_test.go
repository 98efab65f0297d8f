package directory_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"strings"
	"sync"
	"testing"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/media"
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

// readFile gives the content of a stored file, nil when there is none.
func (w *world) readFile(key string) []byte {
	w.t.Helper()
	f, err := w.demo.OpenFile(w.t.Context(), key)
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
		if err := errors.Join(w.dir.DropFile(w.t.Context(), job.Site, body.Key), w.store.System().FinishJob(w.t.Context(), job)); err != nil {
			w.t.Fatal(err)
		}
		n++
	}
	return n
}

func (w *world) onDisk(key string) bool {
	w.t.Helper()
	f, err := w.media.Open(1, key)
	if err == nil {
		f.Close()
	}
	return err == nil
}

func TestAReplacedPictureIsDeletedWhenNobodyUsesIt(t *testing.T) {
	w := newWorld(t)
	alice, xia := w.as("alice"), w.as("xia")
	set := func(who access.Principal, slot directory.PictureSlot, shade uint8) string {
		t.Helper()
		key, err := w.demo.SetPicture(t.Context(), who, "", slot, pngBytes(t, shade))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(w.readFile(key), pngBytes(t, shade)) {
			t.Errorf("%s is not there", key)
		}
		return key
	}
	first := set(alice, directory.ProfilePicture, 1)
	if again := set(alice, directory.ProfilePicture, 1); again != first || first != media.Key(pngBytes(t, 1)) {
		t.Errorf("%s, %s", first, again)
	}
	set(xia, directory.CoverPicture, 1)
	set(alice, directory.ProfilePicture, 2)
	if w.doBlobs() != 0 || w.readFile(first) == nil {
		t.Error("a picture that another uses is gone")
	}
	set(xia, directory.CoverPicture, 3)
	if w.readFile(first) != nil {
		t.Error("an unused picture is still given out")
	}
	if !w.onDisk(first) || w.doBlobs() != 1 || w.onDisk(first) {
		t.Error("the file is not deleted by its job")
	}
	set(alice, directory.CoverPicture, 2) // once more, for something else
	set(alice, directory.ProfilePicture, 1)
	if w.doBlobs() != 0 {
		t.Error("the cover's file was to be deleted")
	}
	me, err := w.demo.Me(t.Context(), alice)
	if err != nil || me.Picture() != "/api/file/"+first || me.Cover() != "/api/file/"+media.Key(pngBytes(t, 2)) {
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
	if w.doBlobs() != 1 || w.readFile(key) == nil {
		t.Error("a file in use was deleted")
	}
}

func TestPicturesAndDeletionsAtOnceLoseNoFile(t *testing.T) {
	w := newWorld(t)
	callers := []access.Principal{w.as("alice"), w.as("xia"), w.as("bob")}
	var wg sync.WaitGroup
	for i, who := range callers {
		wg.Go(func() {
			for n := range 10 {
				if _, err := w.demo.SetPicture(t.Context(), who, "", directory.ProfilePicture, pngBytes(t, uint8((i+n)%3))); err != nil {
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
		if key := media.Key(pngBytes(t, shade)); w.onDisk(key) != used[key] {
			t.Errorf("%s: on disk %v, used %v", key, w.onDisk(key), used[key])
		}
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
	if n := w.doBlobs(); n != 2 {
		t.Errorf("%d jobs", n)
	}
	for _, key := range keys {
		if w.readFile(key) != nil || w.onDisk(key) {
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
			if w.onDisk(media.Key(pngBytes(t, 9))) {
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
