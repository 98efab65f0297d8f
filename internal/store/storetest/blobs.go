package storetest

import (
	"encoding/json"
	"slices"
	"time"

	"facet/internal/store"
)

// unusedKeys takes the due jobs off the store and gives the keys of files that
// are to be deleted, sorted.
func unusedKeys(f *fixture) []string {
	f.Helper()
	jobs, err := f.s.System().DueJobs(f.ctx, time.Now().Add(time.Hour), 0, 100)
	f.wantErr(err, nil)
	keys := []string{}
	for _, job := range jobs {
		var body store.BlobBody
		f.equal(job.Kind, store.BlobJob)
		f.wantErr(json.Unmarshal(job.Body, &body), nil)
		f.equal(string(body.Meta), `{"width":1}`)
		keys = append(keys, body.Key)
		f.wantErr(f.s.System().FinishJob(f.ctx, job), nil)
	}
	slices.Sort(keys)
	return keys
}

func testBlobs(f *fixture) {
	a, b := f.user(), f.user()
	f.create(a, b)
	put := func(keys ...string) {
		f.Helper()
		for _, key := range keys {
			f.update(func(tx store.Tx) error {
				return tx.PutBlob(&store.Blob{Key: key, Media: "image/png", Size: 7, Meta: []byte(`{"width":1}`), Created: f.now()})
			})
		}
	}
	use := func(rec *store.Record, slot, key string) {
		f.Helper()
		f.update(func(tx store.Tx) error { return tx.UseBlob(rec.ID, slot, key) })
	}
	there := func(f *fixture, key string, want bool) {
		f.Helper()
		f.view(func(r store.Reader) error {
			_, err := r.Blob(key)
			if want {
				f.wantErr(err, nil)
			} else {
				f.wantErr(err, store.ErrNotFound)
			}
			return nil
		})
	}

	f.run("a file is read back, and the first of a key stays", func(f *fixture) {
		at := f.now()
		want := store.Blob{Key: "b1~Read_-Back", Media: "image/webp", Size: 1 << 40, Meta: []byte(`{"width":2}`), Created: at}
		f.update(func(tx store.Tx) error { return tx.PutBlob(&want) })
		put(want.Key)
		f.equal(*read(f, func(r store.Reader) (*store.Blob, error) { return r.Blob(want.Key) }), want)
		there(f, "b1~read_-back", false) // keys are compared byte for byte
	})
	f.run("a file that is not there cannot be used", func(f *fixture) {
		f.wantErr(f.site.Update(f.ctx, func(tx store.Tx) error { return tx.UseBlob(a.ID, "picture", "b1~nothing") }), store.ErrNotFound)
	})
	f.run("the last use takes the file along", func(f *fixture) {
		put("b1~one", "b1~two")
		use(a, "picture", "b1~one")
		use(a, "cover", "b1~one")
		use(b, "picture", "b1~one")
		use(a, "picture", "b1~one") // again
		f.equal(read(f, func(r store.Reader) (map[string]string, error) { return r.Uses(a.ID) }), map[string]string{"picture": "b1~one", "cover": "b1~one"})
		use(a, "picture", "b1~two")
		use(a, "cover", "")
		f.equal(read(f, func(r store.Reader) (map[string]string, error) { return r.Uses(a.ID) }), map[string]string{"picture": "b1~two"})
		f.equal(unusedKeys(f), []string{})
		there(f, "b1~one", true)
		use(b, "picture", "")
		use(b, "picture", "") // nothing to end
		f.equal(unusedKeys(f), []string{"b1~one"})
		there(f, "b1~one", false)
		there(f, "b1~two", true)
	})
	f.run("a file may come back", func(f *fixture) {
		put("b1~one")
		use(b, "picture", "b1~one")
		use(a, "picture", "b1~one")
		f.equal(unusedKeys(f), []string{"b1~two"})
	})
	f.run("all uses of a subject end at once", func(f *fixture) {
		put("b1~three")
		use(a, "cover", "b1~three")
		f.update(func(tx store.Tx) error { return tx.DropUses(a.ID) })
		f.update(func(tx store.Tx) error { return tx.DropUses(a.ID) })
		f.equal(unusedKeys(f), []string{"b1~three"})
		there(f, "b1~one", true)
	})
	f.run("a failed transaction ends no use", func(f *fixture) {
		err := f.site.Update(f.ctx, func(tx store.Tx) error {
			if err := tx.DropUses(b.ID); err != nil {
				return err
			}
			return store.ErrVersion
		})
		f.wantErr(err, store.ErrVersion)
		there(f, "b1~one", true)
		f.equal(unusedKeys(f), []string{})
	})
	f.run("a removed record uses nothing", func(f *fixture) {
		doc := f.owned(a, "$document")
		f.create(doc)
		put("b1~four")
		use(doc, "file", "b1~four")
		f.update(func(tx store.Tx) error { return tx.Remove(doc, f.event("document.removed")) })
		f.equal(unusedKeys(f), []string{"b1~four"})
	})
}
