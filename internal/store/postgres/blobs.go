package postgres

import (
	"encoding/json"

	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/row"
)

// blobBucket is where a file's rows live: the hash of its key.
func blobBucket(key string) profile.Bucket { return row.NameBucket("blob", key) }

// Blob reads what is known of a file. Who reads it in a transaction that writes
// has its row, so that no use of it ends meanwhile.
func (r *reader) Blob(key string) (*store.Blob, error) {
	b := &store.Blob{Key: key}
	err := r.must(r.of(selectBlob), func(v rowOf) {
		b.Media, b.Size, b.Meta, b.Created = v.text(0), v.int(1), v.bytes(2), v.time(3)
	}, r.site, blobBucket(key), key)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// Uses lists what a subject uses files for.
func (r *reader) Uses(subject profile.ID) (map[string]string, error) {
	uses := map[string]string{}
	return uses, r.query(readUses, func(v rowOf) { uses[v.text(0)] = v.text(1) }, r.site, subject.Bucket(), subject)
}

// PutBlob notes a file.
func (t *tx) PutBlob(b *store.Blob) error {
	return t.drop(insertBlob, t.site, blobBucket(b.Key), b.Key, b.Media, b.Size, text(b.Meta), b.Created)
}

// UseBlob begins one use of a file and ends another.
func (t *tx) UseBlob(subject profile.ID, slot, key string) error {
	return t.unit(func() error {
		before := ""
		_, err := t.one(selectUse, func(v rowOf) { before = v.text(0) }, t.site, subject.Bucket(), subject, slot)
		if err != nil || before == key {
			return err
		}
		if key != "" {
			if err := t.beginUse(key, subject, slot); err != nil {
				return err
			}
		} else if err := t.write(nil, deleteUse, t.site, subject.Bucket(), subject, slot); err != nil {
			return err
		}
		if before == "" {
			return nil
		}
		return t.endUse(before, subject, slot)
	})
}

// beginUse notes a use: ErrNotFound where there is no such file.
func (t *tx) beginUse(key string, subject profile.ID, slot string) error {
	if _, err := t.Blob(key); err != nil {
		return err
	}
	if err := t.stays(subject); err != nil {
		return err
	}
	if err := t.write(nil, upsertUse, t.site, subject.Bucket(), subject, slot, key, t.s.clock()); err != nil {
		return err
	}
	return t.write(nil, insertBlobUser, t.site, blobBucket(key), key, subject, slot)
}

// DropUses ends every use of a subject.
func (t *tx) DropUses(subject profile.ID) error {
	type use struct{ slot, key string }
	return t.unit(func() error {
		var uses []use
		err := t.query(selectUses, func(v rowOf) { uses = append(uses, use{v.text(0), v.text(1)}) },
			t.site, subject.Bucket(), subject)
		for _, u := range uses {
			if err != nil {
				return err
			}
			if err = t.write(nil, deleteUse, t.site, subject.Bucket(), subject, u.slot); err == nil {
				err = t.endUse(u.key, subject, u.slot)
			}
		}
		return err
	})
}

// endUse takes a user off a file; the last one takes the file along.
func (t *tx) endUse(key string, subject profile.ID, slot string) error {
	bucket := blobBucket(key)
	b, err := t.Blob(key) // its row is taken: nobody begins to use it meanwhile
	if err != nil {
		return err
	}
	if err := t.write(nil, deleteBlobUser, t.site, bucket, key, subject, slot); err != nil {
		return err
	}
	used, err := t.one(selectBlobUser, nil, t.site, bucket, key)
	if err != nil || used {
		return err
	}
	if err := t.write(nil, deleteBlob, t.site, bucket, key); err != nil {
		return err
	}
	body, err := json.Marshal(store.BlobBody{Key: key, Meta: b.Meta})
	if err != nil {
		return err
	}
	return t.Enqueue(store.Job{Kind: store.BlobJob, Body: body})
}
