package directory

import (
	"context"
	"encoding/json"

	"facet/internal/access"
	"facet/internal/media"
	"facet/internal/profile"
	"facet/internal/store"
)

// PictureSlot is what a picture is for.
type PictureSlot string

// The pictures of a profile.
const (
	ProfilePicture PictureSlot = "picture"
	CoverPicture   PictureSlot = "cover"
)

// FilePath is the address of a stored file, as attributes and extras keep it.
const FilePath = "/api/file/"

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
// the file. Errors: those of media.Renderer.Render, Forbidden, NotFound, Busy
// where no pictures are kept.
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

// setPicture makes the sizes of a picture, stores them and makes the picture a
// record's.
func (s *Site) setPicture(ctx context.Context, who access.Principal, id profile.ID, check func(store.Tx, *store.Record) error, slot PictureSlot, data []byte) (key string, err error) {
	preset := media.ProfilePicture
	if slot == CoverPicture {
		preset = media.Cover
	}
	return s.putFile(ctx, preset, data, func(ctx context.Context, key string, note func(store.Tx) error) error {
		use := func(tx store.Tx) error {
			if err := note(tx); err != nil {
				return err
			}
			return useFile(tx, id, string(slot), key)
		}
		for {
			said := int64(0) // the version that says so already, maybe without the file
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
					if said = 0; len(st.paths) == 0 {
						said = old.Version
					}
					return st, err
				})
			if err != nil || said == 0 {
				return err
			}
			err = s.data.Update(ctx, func(tx store.Tx) error {
				rec, err := tx.Record(id)
				if err == nil && rec.Version != said {
					err = store.ErrVersion
				}
				if err == nil && check != nil {
					err = check(tx, rec)
				}
				if err != nil {
					return err
				}
				return use(tx)
			})
			if !profile.IsCode(err, profile.CodeVersionMismatch) {
				return err
			}
		}
	})
}
