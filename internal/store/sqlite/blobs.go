package sqlite

import (
	"encoding/json"

	"facet/internal/profile"
	"facet/internal/store"
)

// blobBucket is where a file's rows live: the hash of its key.
func blobBucket(key string) profile.Bucket { return nameBucket("blob", key) }

// Blob reads what is known of a file.
func (r *reader) Blob(key string) (*store.Blob, error) {
	s, err := r.c.query(selectBlob, r.site, blobBucket(key), key)
	if err != nil {
		return nil, err
	}
	defer s.close()
	if found, err := s.step(); err != nil || !found {
		return nil, orNotFound(err)
	}
	return &store.Blob{Key: key, Media: s.text(0), Size: s.int(1), Meta: s.bytes(2), Created: s.time(3)}, nil
}

// Uses lists what a subject uses files for.
func (r *reader) Uses(subject profile.ID) (map[string]string, error) {
	s, err := r.c.query(selectUses, r.site, subject.Bucket(), subject)
	if err != nil {
		return nil, err
	}
	defer s.close()
	uses := map[string]string{}
	for {
		more, err := s.step()
		if err != nil || !more {
			return uses, err
		}
		uses[s.text(0)] = s.text(1)
	}
}

// PutBlob notes a file.
func (t *tx) PutBlob(b *store.Blob) error {
	_, err := t.write(insertBlob, t.site, blobBucket(b.Key), b.Key, b.Media, b.Size, text(b.Meta), b.Created)
	return err
}

// UseBlob begins one use of a file and ends another.
func (t *tx) UseBlob(subject profile.ID, slot, key string) error {
	before, err := t.used(subject, slot)
	if err != nil || before == key {
		return err
	}
	if key != "" {
		s, err := t.c.query(selectBlob, t.site, blobBucket(key), key)
		if err != nil {
			return err
		}
		if err := one(s); err != nil {
			return err
		}
		if _, err := t.write(upsertUse, t.site, subject.Bucket(), subject, slot, key, t.w.clock()); err != nil {
			return err
		}
		if _, err := t.write(insertBlobUser, t.site, blobBucket(key), key, subject, slot); err != nil {
			return err
		}
	} else if _, err := t.write(deleteUse, t.site, subject.Bucket(), subject, slot); err != nil {
		return err
	}
	if before == "" {
		return nil
	}
	return t.endUse(before, subject, slot)
}

// used gives the key of the file in a slot, "" when there is none.
func (t *tx) used(subject profile.ID, slot string) (key string, err error) {
	s, err := t.c.query(selectUse, t.site, subject.Bucket(), subject, slot)
	if err != nil {
		return "", err
	}
	err = each(s, func() bool {
		key = s.text(0)
		return false
	})
	return key, err
}

// DropUses ends every use of a subject.
func (t *tx) DropUses(subject profile.ID) error {
	s, err := t.c.query(selectUses, t.site, subject.Bucket(), subject)
	if err != nil {
		return err
	}
	type use struct{ slot, key string }
	var uses []use
	err = each(s, func() bool {
		uses = append(uses, use{s.text(0), s.text(1)})
		return true
	})
	if err != nil {
		return err
	}
	for _, u := range uses {
		if _, err := t.write(deleteUse, t.site, subject.Bucket(), subject, u.slot); err != nil {
			return err
		}
		if err := t.endUse(u.key, subject, u.slot); err != nil {
			return err
		}
	}
	return nil
}

// endUse takes a user off a file; the last one takes the file along.
func (t *tx) endUse(key string, subject profile.ID, slot string) error {
	bucket := blobBucket(key)
	if _, err := t.write(deleteBlobUser, t.site, bucket, key, subject, slot); err != nil {
		return err
	}
	s, err := t.c.query(selectBlobUser, t.site, bucket, key)
	if err != nil {
		return err
	}
	if err := one(s); !profile.IsKind(err, profile.NotFound) {
		return err
	}
	row, err := t.Blob(key)
	if err != nil {
		return err
	}
	if _, err := t.write(deleteBlob, t.site, bucket, key); err != nil {
		return err
	}
	body, err := json.Marshal(store.BlobBody{Key: key, Meta: row.Meta})
	if err != nil {
		return err
	}
	return t.Enqueue(store.Job{Kind: store.BlobJob, Body: body})
}
