package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"facet/internal/access"
	"facet/internal/media"
	"facet/internal/profile"
	"facet/internal/store"
)

// Media keeps the files of pictures, by site and key; package media has one in
// a folder. Open gives an error that is fs.ErrNotExist where there is none; of
// Put, a file of that key stays; of Delete, one that is gone is no error.
type Media interface {
	Put(site int64, key string, data []byte) error
	Open(site int64, key string) (io.ReadSeekCloser, error)
	Delete(site int64, key string) error
}

// PictureSlot is what a picture is for.
type PictureSlot string

// The pictures of a profile.
const (
	ProfilePicture PictureSlot = "picture"
	CoverPicture   PictureSlot = "cover"
)

// FilePath is the address of a stored file, as attributes and extras keep it.
const FilePath = "/api/file/"

// fileKey reads the id of a file out of whatever form it was given in: by
// itself, or as one of the paths it is served at.
func fileKey(s string) (key string, ok bool) {
	key = s[strings.LastIndexByte(s, '/')+1:]
	return key, media.IsKey(key)
}

// Picture is where the profile picture is: the photo of type "profile", else
// the first photo; "" when there is none.
func (s *Subject) Picture() string {
	first := ""
	for _, p := range photosOf(s.attrs) {
		if p.Type == photoProfile && p.Value != "" {
			return p.Value
		}
		if first == "" {
			first = p.Value
		}
	}
	return first
}

// Cover is where the cover picture is, "" when there is none.
func (s *Subject) Cover() string { return s.ExtraText("cloudillo.cover") }

// photo is an element of the attribute photos.
type photo struct {
	ID    int64  `json:"id,omitempty"`
	Type  string `json:"type,omitempty"`
	Value string `json:"value"`
}

const photoProfile = "profile"

func photosOf(attrs []byte) []photo {
	var all struct {
		Photos []photo `json:"photos"`
	}
	if json.Unmarshal(attrs, &all) != nil { // a site's own schema may keep something else there
		return nil
	}
	return all.Photos
}

// withPhoto writes the profile picture into attributes, in the place of the
// one before.
func (s *Site) withPhoto(ctx context.Context, t profile.Type, attrs []byte, key string) (out []byte, changed []string, err error) {
	next := photo{Type: photoProfile, Value: FilePath + key}
	for _, p := range photosOf(attrs) {
		if p.Type == photoProfile {
			next.ID = p.ID
			break
		}
	}
	w, err := s.typeOf(t).Update(attrs, nil, marshal(map[string][]photo{"photos": {next}}), s.env(ctx))
	return w.Attrs, w.Changed, err
}

// SetPicture stores a picture and makes it the caller's, or that of the
// profile with the slug, which is one the caller manages. It gives the id of
// the file. Errors: those of media.Inspect, Forbidden, NotFound, Busy where no
// pictures are kept.
func (s *Site) SetPicture(ctx context.Context, who access.Principal, slug string, slot PictureSlot, data []byte) (key string, err error) {
	own, err := s.own(ctx, who, slug)
	if err != nil {
		return "", err
	}
	return s.setPicture(ctx, who, own.id, own.check(s, who), slot, data)
}

// SetPictureOf is SetPicture for somebody the caller may do perm with: a
// profile for access.ProfileWrite, else a user.
func (s *Site) SetPictureOf(ctx context.Context, perm access.Permission, who access.Principal, slug string, data []byte) (key string, err error) {
	id, check, err := s.pictured(ctx, perm, who, slug)
	if err != nil {
		return "", err
	}
	return s.setPicture(ctx, who, id, check, ProfilePicture, data)
}

// MayPicture says whether SetPictureOf is allowed, for faces that refuse before
// they read a picture: nil, NotFound or Forbidden.
func (s *Site) MayPicture(ctx context.Context, perm access.Permission, who access.Principal, slug string) error {
	_, _, err := s.pictured(ctx, perm, who, slug)
	return err
}

// pictured finds who gets a picture, and what change asks again.
func (s *Site) pictured(ctx context.Context, perm access.Permission, who access.Principal, slug string) (id profile.ID, check func(store.Tx, *store.Record) error, err error) {
	find := s.userFor
	if perm == access.ProfileWrite {
		find = s.profileFor
	}
	err = s.data.View(ctx, func(r store.Reader) error {
		rec, err := find(r, perm, who, slug)
		if err == nil {
			id = rec.ID
		}
		return err
	})
	return id, func(tx store.Tx, old *store.Record) error {
		_, err := find(tx, perm, who, old.Name(profile.Slug))
		return err
	}, err
}

// setPicture looks at a picture, stores it and makes it a record's.
func (s *Site) setPicture(ctx context.Context, who access.Principal, id profile.ID, check func(store.Tx, *store.Record) error, slot PictureSlot, data []byte) (key string, err error) {
	if s.d.media == nil {
		return "", noMedia()
	}
	pic, err := media.Inspect(data)
	if err != nil {
		return "", err
	}
	key = media.Key(data)
	if err := s.putPicture(ctx, who, id, check, slot, key, pic, data); err != nil {
		return "", errors.Join(err, s.d.DropFile(context.WithoutCancel(ctx), s.id, key))
	}
	return key, nil
}

// putPicture writes the file first: who sees the row can read the file.
func (s *Site) putPicture(ctx context.Context, who access.Principal, id profile.ID, check func(store.Tx, *store.Record) error, slot PictureSlot, key string, pic media.Picture, data []byte) error {
	s.d.files.RLock()
	defer s.d.files.RUnlock()
	if err := s.d.media.Put(int64(s.id), key, data); err != nil {
		return fmt.Errorf("storing a picture: %w", err)
	}
	blob := &store.Blob{
		Key: key, Media: pic.Type, Size: int64(len(data)), Created: s.d.now(),
		Meta: marshal(map[string]int{"width": pic.Width, "height": pic.Height}),
	}
	use := func(tx store.Tx) error {
		if err := tx.PutBlob(blob); err != nil {
			return err
		}
		return tx.UseBlob(id, string(slot), key)
	}
	same := false
	_, err := s.change(ctx, id, s.event(who.Subject, "profile.updated", id), check,
		func(old *store.Record) (st step, err error) {
			rec := *old
			rec.Updated = s.d.now()
			st = step{rec: &rec, with: use}
			if slot == ProfilePicture {
				rec.Attrs, st.paths, err = s.withPhoto(ctx, old.Type, old.Attrs, key)
			} else {
				rec.Extras = mergeExtras(old.Extras, "cloudillo", map[string]json.RawMessage{"cover": marshal(FilePath + key)})
				if string(rec.Extras) != string(old.Extras) {
					st.paths = []string{"cloudillo"}
				}
			}
			same = len(st.paths) == 0
			return st, err
		})
	if err == nil && same { // the record says so already, maybe without the file
		err = s.data.Update(ctx, use)
	}
	return err
}

func noMedia() error {
	return profile.E(profile.Busy, profile.CodeBusy, "", "this server keeps no pictures")
}

// File is a stored file, open for reading.
type File struct {
	Key     string
	Media   string // media type
	Size    int64
	Created time.Time
	Content io.ReadSeekCloser
}

// OpenFile opens a stored file by its id; everybody may read pictures. The
// caller closes it. Errors: NotFound.
func (s *Site) OpenFile(ctx context.Context, key string) (File, error) {
	if !media.IsKey(key) || s.d.media == nil {
		return File{}, store.ErrNotFound
	}
	var blob *store.Blob
	err := s.data.View(ctx, func(r store.Reader) (err error) {
		blob, err = r.Blob(key)
		return err
	})
	if err != nil {
		return File{}, err
	}
	content, err := s.d.media.Open(int64(s.id), key)
	if errors.Is(err, fs.ErrNotExist) { // deleted this moment, or never restored
		return File{}, store.ErrNotFound
	}
	return File{Key: key, Media: blob.Media, Size: blob.Size, Created: blob.Created, Content: content}, err
}

// DropFile deletes a file that nobody uses; one in use stays. It is what a
// store.BlobJob asks for. Nobody puts a file while it looks.
func (d *Directory) DropFile(ctx context.Context, site store.SiteID, key string) error {
	if d.media == nil {
		return noMedia()
	}
	d.files.Lock()
	defer d.files.Unlock()
	err := d.store.Site(site).View(ctx, func(r store.Reader) error {
		_, err := r.Blob(key)
		return err
	})
	if profile.IsKind(err, profile.NotFound) {
		return d.media.Delete(int64(site), key)
	}
	return err
}

// addFile stores a file under an id of one's own choice, used by the broker so
// that it stays.
func (s *Site) addFile(ctx context.Context, key string, data []byte) error {
	pic, err := media.Inspect(data)
	if err != nil {
		return err
	}
	if err := s.d.media.Put(int64(s.id), key, data); err != nil {
		return err
	}
	broker := s.Policy().Broker
	return s.data.Update(ctx, func(tx store.Tx) error {
		err := tx.PutBlob(&store.Blob{
			Key: key, Media: pic.Type, Size: int64(len(data)), Created: s.d.now(),
			Meta: marshal(map[string]int{"width": pic.Width, "height": pic.Height}),
		})
		if err != nil {
			return err
		}
		return tx.UseBlob(broker, "file "+strconv.Quote(key), key)
	})
}
