package directory

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"time"

	"facet/internal/access"
	"facet/internal/media"
	"facet/internal/profile"
	"facet/internal/store"
)

// A dossier is everything that is held about one person or group. To operators
// it tells all; to the person what a face would show them: not what others
// noted about them or hold them as, and not what apps keep for operators only.

// Dossier is a dossier that is being read.
type Dossier struct {
	s   *Site
	id  profile.ID
	own bool

	Subject Subject
	About   DossierAbout
}

// DossierAbout tells what a dossier is.
type DossierAbout struct {
	Site    string     `json:"site"`
	Subject profile.ID `json:"subject"`
	Slug    string     `json:"slug"`
	Created time.Time  `json:"created"` // of the dossier
}

// DossierOf begins the dossier of a subject, for the operator of the
// installation: by uuid, number, slug or e-mail. Errors: NotFound.
func (s *Site) DossierOf(ctx context.Context, whom string) (*Dossier, error) {
	var rec *store.Record
	err := s.data.View(ctx, func(r store.Reader) (err error) {
		rec, err = subjectCalled(r, whom)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.dossier(rec, false), nil
}

// OwnDossier begins the dossier of the caller. Errors: those of access.
func (s *Site) OwnDossier(ctx context.Context, who access.Principal) (*Dossier, error) {
	if err := access.Allow(access.ExportOwn, who, access.Self); err != nil {
		return nil, err
	}
	rec, err := s.data.GetID(ctx, who.Subject)
	if err != nil {
		return nil, err
	}
	return s.dossier(rec, true), nil
}

func (s *Site) dossier(rec *store.Record, own bool) *Dossier {
	return &Dossier{s: s, id: rec.ID, own: own, Subject: subjectOf(rec),
		About: DossierAbout{Site: s.Name(), Subject: rec.ID, Slug: rec.Name(profile.Slug), Created: s.d.now()}}
}

// subjectCalled finds a subject by whatever it is called.
func subjectCalled(r store.Reader, whom string) (*store.Record, error) {
	if id, err := profile.ParseID(whom); err == nil {
		return subjectOnly(r.Record(id))
	}
	for _, space := range []profile.Space{profile.Slug, profile.Email, profile.Number} {
		value := profile.Fold(whom)
		if space == profile.Email {
			value = emailName(whom)
		}
		rec, err := subjectOnly(r.ByName(profile.ID{}, space, value))
		if !profile.IsKind(err, profile.NotFound) {
			return rec, err
		}
	}
	return nil, profile.E(profile.NotFound, profile.CodeNotFound, "subject", "there is nobody called so")
}

func subjectOnly(rec *store.Record, err error) (*store.Record, error) {
	if err == nil && !rec.Type.IsSubject() {
		err = store.ErrNotFound
	}
	return rec, err
}

// dossierKinds are the kinds of record that may belong to a subject.
var dossierKinds = []profile.Type{profile.Household, profile.Plan, profile.RoleType, profile.Note, profile.Document}

// dossierPage is how much of a list is read at once.
const dossierPage = 200

// Records calls fn with the subject's record, and then with those that belong to
// it. Of household profiles, what belongs to them too.
func (d *Dossier) Records(ctx context.Context, fn func(*ImportRecord) error) error {
	var self *store.Record
	err := d.s.data.View(ctx, func(r store.Reader) (err error) {
		self, err = r.Record(d.id)
		return err
	})
	if err != nil {
		return err
	}
	if err := d.record(ctx, self, fn); err != nil {
		return err
	}
	return d.owned(ctx, d.id, fn)
}

func (d *Dossier) owned(ctx context.Context, owner profile.ID, fn func(*ImportRecord) error) error {
	for _, kind := range dossierKinds {
		if d.own && kind == profile.Note {
			continue
		}
		for after := int64(0); ; {
			var recs []*store.Record
			err := d.s.data.View(ctx, func(r store.Reader) (err error) {
				recs, err = r.Owned(owner, kind, after, dossierPage)
				return err
			})
			if err != nil {
				return err
			}
			for _, rec := range recs {
				after = rec.Number
				if err := d.record(ctx, rec, fn); err != nil {
					return err
				}
				if kind == profile.Household {
					if err := d.owned(ctx, rec.ID, fn); err != nil {
						return err
					}
				}
			}
			if len(recs) < dossierPage {
				break
			}
		}
	}
	return nil
}

func (d *Dossier) record(ctx context.Context, rec *store.Record, fn func(*ImportRecord) error) error {
	var out ImportRecord
	counts := false
	err := d.s.data.View(ctx, func(r store.Reader) (err error) {
		out, counts, err = d.s.exported(r, rec, d.s.shape(rec).nameOf(rec.Type), false)
		return err
	})
	if err != nil || !counts {
		return err
	}
	if rec.Type == profile.Document && d.own {
		shown, err := d.shown(ctx, rec, &out)
		if err != nil || !shown {
			return err
		}
	}
	return fn(&out)
}

// shown leaves of a document what the person may read.
func (d *Dossier) shown(ctx context.Context, rec *store.Record, out *ImportRecord) (bool, error) {
	doc, err := documentOf(rec, documentKept{})
	if err != nil {
		return false, err
	}
	app, err := d.s.appEntry(ctx, doc.App)
	if profile.IsKind(err, profile.NotFound) { // the app was deleted this moment
		return false, nil
	}
	if err != nil {
		return false, err
	}
	doc.Data = out.Attrs
	if !app.shows(&doc) {
		return false, nil
	}
	out.Attrs = doc.Data
	return true, nil
}

// DossierLink is an edge from or to the subject.
type DossierLink struct {
	Direction string          `json:"direction"` // from the subject, or to it
	Kind      store.LinkKind  `json:"kind"`
	Other     profile.ID      `json:"other"`
	Slug      string          `json:"slug,omitempty"` // of the other
	Key       string          `json:"key,omitempty"`
	Tag       string          `json:"tag,omitempty"`
	State     store.LinkState `json:"state"`
	Attrs     json.RawMessage `json:"attrs,omitempty"`
	Created   time.Time       `json:"created"`
	EndsAt    time.Time       `json:"ends_at,omitzero"`
}

// The kinds of link, and those of which a subject is not told who has them to
// it.
var (
	dossierLinks = []store.LinkKind{store.RoleLink, store.SubscriptionLink, store.FollowLink, store.ConnectLink, store.BlockLink, store.SignatureLink,
		store.MuteLink, store.NoteLink, store.TrustLink, store.HideLink}
	untold = []store.LinkKind{store.BlockLink, store.MuteLink, store.NoteLink, store.TrustLink, store.HideLink}
)

// Links calls fn with the links from and to the subject.
func (d *Dossier) Links(ctx context.Context, fn func(*DossierLink) error) error {
	for _, kind := range dossierLinks {
		for _, to := range []bool{false, true} {
			if d.own && (kind == store.NoteLink || to && slices.Contains(untold, kind)) {
				continue
			}
			if err := d.links(ctx, kind, to, fn); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Dossier) links(ctx context.Context, kind store.LinkKind, to bool, fn func(*DossierLink) error) error {
	var after profile.ID
	for key := ""; ; {
		var page []*DossierLink
		err := d.s.data.View(ctx, func(r store.Reader) error {
			list, direction := r.From, "from"
			if to {
				list, direction = r.To, "to"
			}
			links, err := list(d.id, kind, after, key, dossierPage)
			if err != nil {
				return err
			}
			page = page[:0]
			for _, l := range links {
				out := &DossierLink{Direction: direction, Kind: kind, Other: l.Dst, Key: l.Key, Tag: l.Tag, State: l.State, Attrs: l.Attrs, Created: l.Created, EndsAt: l.EndsAt}
				if to {
					out.Other, out.Attrs = l.Src, nil
				}
				if other, err := r.Record(out.Other); err == nil {
					out.Slug = other.Name(profile.Slug)
				} else if !profile.IsKind(err, profile.NotFound) {
					return err
				}
				page = append(page, out)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, l := range page {
			after, key = l.Other, l.Key
			if err := fn(l); err != nil {
				return err
			}
		}
		if len(page) < dossierPage {
			return nil
		}
	}
}

// DossierVersion is what the subject's record was.
type DossierVersion struct {
	Version int64           `json:"version"`
	At      time.Time       `json:"at"`
	Kind    string          `json:"kind"` // of the change that made it
	Attrs   json.RawMessage `json:"attrs"`
	Extras  json.RawMessage `json:"extras"`
}

// History calls fn with what the subject's record was, the present first.
func (d *Dossier) History(ctx context.Context, fn func(*DossierVersion) error) error {
	return d.s.data.View(ctx, func(r store.Reader) error {
		var failed error
		err := r.EachVersion(d.id, func(v store.Version) bool {
			failed = fn(&DossierVersion{v.Version, v.At, v.Kind, v.Attrs, v.Extras})
			return failed == nil
		})
		return errors.Join(failed, err)
	})
}

// DossierProof is something that proves the subject: that there is one, not what
// it is.
type DossierProof struct {
	Kind    string    `json:"kind"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"`
}

// dossierSecrets are the kinds of secret that people have.
var dossierSecrets = []string{passwordSecret, otpSecret, pinSecret, apiKeySecret, identityKeySecret}

// Proofs lists the sign-ins, secrets and keys of the subject.
func (d *Dossier) Proofs(ctx context.Context) (out []DossierProof, err error) {
	err = d.s.data.View(ctx, func(r store.Reader) error {
		out = nil
		sessions, err := r.Sessions(d.id)
		if err != nil {
			return err
		}
		for _, one := range sessions {
			out = append(out, DossierProof{"session", one.Created, one.Expires})
		}
		for _, kind := range dossierSecrets {
			secrets, err := r.Secrets(d.id, kind)
			if err != nil {
				return err
			}
			for _, one := range secrets {
				out = append(out, DossierProof{kind, one.Created, one.Expires})
			}
		}
		return nil
	})
	return out, err
}

// Files calls fn with each file that the subject uses, in its largest size.
func (d *Dossier) Files(ctx context.Context, fn func(key string, f File) error) error {
	var keys []string
	err := d.s.data.View(ctx, func(r store.Reader) error {
		uses, err := r.Uses(d.id)
		if err != nil {
			return err
		}
		variants := map[string]bool{} // they come with the file that they are of
		for _, key := range uses {
			blob, err := r.Blob(key)
			if err != nil {
				return err
			}
			all, _ := media.ParseDescriptor(metaOf(blob.Meta).Descriptor)
			for _, v := range all {
				variants[v.Key] = true
			}
		}
		keys = keys[:0]
		for _, key := range uses {
			if !variants[key] && !isDeposit(key) && !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
		slices.Sort(keys)
		return nil
	})
	for _, key := range keys {
		if err != nil {
			break
		}
		err = d.file(ctx, key, fn)
	}
	return err
}

func (d *Dossier) file(ctx context.Context, key string, fn func(string, File) error) error {
	f, err := d.s.OpenFile(ctx, key, media.Wish{})
	if profile.IsKind(err, profile.NotFound) || errors.Is(err, fs.ErrNotExist) { // given up this moment
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(fn(key, f), f.Content.Close())
}
