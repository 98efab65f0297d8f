package directory

import (
	"context"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// Note is what somebody noted about a person or a profile (DjaoApp,
// "Activities"): a call, an agreement. It may be about a person as one of a
// profile. It goes when either of them is erased.
type Note struct {
	Created time.Time
	Author  string // user name, "" when the author is erased
	Text    string
	Account string // slug of the profile it is about, "" when of none
	Contact string // user name of the person it is about, "" when of none
}

// noteAttrs is what a note's record keeps. Account or Contact is its owner. Each
// has a NoteLink to it, by which its notes are listed.
type noteAttrs struct {
	Text    string     `json:"text"`
	Account profile.ID `json:"account,omitzero"`
	Contact profile.ID `json:"contact,omitzero"`
}

// MaxNote is the most characters of a note.
const MaxNote = 4000

// NewNote is what a note is made from. Account or Contact is whom the caller
// came by; the other is optional.
type NewNote struct {
	Text             string
	Account, Contact string // slugs
	Repeat           Repeat
}

// NoteAbout says by whom notes are looked for: a profile, or a person.
type NoteAbout uint8

// Whom a note is about.
const (
	AboutAccount NoteAbout = iota
	AboutContact
)

// tag is the tag and the key of the links to notes that name a subject so.
func (about NoteAbout) tag() string {
	if about == AboutContact {
		return "contact"
	}
	return "account"
}

// noted reads whom notes are about, for a caller who may read or write them.
func (s *Site) noted(r store.Reader, about NoteAbout, write bool, who access.Principal, slug string) (*store.Record, error) {
	switch {
	case about == AboutAccount && write:
		return s.profileFor(r, access.NoteWrite, who, slug)
	case about == AboutAccount:
		return s.profileFor(r, access.NoteRead, who, slug)
	case write:
		return s.userFor(r, access.ContactWrite, who, slug)
	default:
		return s.userFor(r, access.ContactRead, who, slug)
	}
}

// MayNote says whether the caller may add a note, for faces that refuse before
// they read it: nil, NotFound or Forbidden.
func (s *Site) MayNote(ctx context.Context, about NoteAbout, who access.Principal, slug string) error {
	return s.data.View(ctx, func(r store.Reader) error {
		_, err := s.noted(r, about, true, who, slug)
		return err
	})
}

// AddNote notes something about a profile or a person. Errors: NotFound,
// Forbidden, Limited/CodeQuota; Missing or Invalid with Field "text",
// "account" or "contact".
func (s *Site) AddNote(ctx context.Context, about NoteAbout, who access.Principal, in NewNote) (Note, error) {
	if in.Text = strings.TrimSpace(in.Text); in.Text == "" {
		return Note{}, profile.E(profile.Missing, profile.CodeBlank, "text", "This field may not be blank.")
	}
	if utf8.RuneCountInString(in.Text) > MaxNote {
		return Note{}, profile.E(profile.Invalid, profile.CodeLength, "text", "Ensure this field has no more than %d characters.", MaxNote)
	}
	n, err := s.number(ctx)
	if err != nil {
		return Note{}, err
	}
	slug, other, field := in.Account, in.Contact, "contact"
	if about == AboutContact {
		slug, other, field = in.Contact, in.Account, "account"
	}
	var out Note
	err = s.data.Update(ctx, func(tx store.Tx) error {
		owner, err := s.noted(tx, about, true, who, slug)
		if err != nil {
			return err
		}
		rec, err := s.repeated(tx, who, in.Repeat)
		if err != nil {
			return err
		}
		if rec == nil {
			if rec, err = s.writeNote(tx, about, who, n, owner, in, other, field); err != nil {
				return err
			}
		}
		out, err = noteOf(tx, rec)
		return err
	})
	return out, err
}

// writeNote makes the record of a note, and the link of whom else it names.
func (s *Site) writeNote(tx store.Tx, about NoteAbout, who access.Principal, number int64, owner *store.Record, in NewNote, other, field string) (*store.Record, error) {
	if err := s.spend(tx, who, noteQuota); err != nil {
		return nil, err
	}
	a := noteAttrs{Text: in.Text, Account: owner.ID}
	if about == AboutContact {
		a.Account, a.Contact = profile.ID{}, owner.ID
	}
	rec := s.numberedRecord(number, profile.Note, owner.ID, who.Subject)
	if other != "" {
		named, err := s.namedInNote(tx, about, other)
		if profile.IsKind(err, profile.NotFound) {
			return nil, profile.E(profile.Invalid, profile.CodeInvalid, field, "Profile %s does not exist.", other)
		}
		if err != nil {
			return nil, err
		}
		if about == AboutContact {
			a.Account = named.ID
		} else {
			a.Contact = named.ID
		}
	}
	rec.Attrs = marshal(a)
	if err := tx.Create(rec, s.event(who.Subject, "note.created", rec.ID)); err != nil {
		return nil, err
	}
	for about, id := range map[NoteAbout]profile.ID{AboutAccount: a.Account, AboutContact: a.Contact} {
		if id.IsZero() {
			continue
		}
		link := &store.Link{Src: id, Kind: store.NoteLink, Dst: rec.ID, Key: about.tag(), Tag: about.tag(), State: store.LinkActive, Attrs: emptyObject, Created: rec.Created}
		if err := tx.AddLink(link); err != nil {
			return nil, err
		}
	}
	return rec, s.keep(tx, who, in.Repeat, rec.ID)
}

// namedInNote reads whom a note names beside its owner: a person, or a profile.
func (s *Site) namedInNote(r store.Reader, about NoteAbout, slug string) (*store.Record, error) {
	rec, err := bySlug(r, profile.Slug, slug)
	if err != nil {
		return nil, err
	}
	ok := rec.Type == profile.User
	if about == AboutContact {
		ok, err = isProfile(r, rec)
	}
	if err == nil && !ok {
		err = store.ErrNotFound
	}
	return rec, err
}

// Notes lists the notes about a profile or a person, newest first. Errors:
// NotFound, with Field "page" for a place that is none; Forbidden.
func (s *Site) Notes(ctx context.Context, about NoteAbout, who access.Principal, slug string, q ListQuery) (out List[Note], err error) {
	var rec *store.Record
	may := func(r store.Reader) (err error) {
		rec, err = s.noted(r, about, false, who, slug)
		return err
	}
	err = s.data.Glance(ctx, may, func(r store.Reader) error {
		found := map[profile.ID]*store.Record{}
		read := func(l store.LinkQuery) ([]*store.Link, error) {
			l.Oldest = l.Oldest != q.Reverse
			return r.FromByTime(rec.ID, l)
		}
		keep := func(l *store.Link) (bool, error) {
			note, err := r.Record(l.Dst)
			if profile.IsKind(err, profile.NotFound) { // it went with its owner
				return false, nil
			}
			found[l.Dst] = note
			return err == nil && q.within(l.Created), err
		}
		list := linkSequence(read, store.LinkQuery{Kind: store.NoteLink, Tag: about.tag()}, keep, func(l *store.Link) profile.ID { return l.Dst })
		part, err := cut(list, q)
		if err != nil {
			return err
		}
		out, err = reshape(part, func(l *store.Link) (Note, error) { return noteOf(r, found[l.Dst]) })
		return err
	})
	return out, err
}

func noteOf(r store.Reader, rec *store.Record) (Note, error) {
	var a noteAttrs
	if err := json.Unmarshal(rec.Attrs, &a); err != nil {
		return Note{}, err
	}
	n := Note{Created: rec.Created, Text: a.Text}
	for _, who := range []struct {
		id   profile.ID
		slug *string
	}{{rec.Creator, &n.Author}, {a.Account, &n.Account}, {a.Contact, &n.Contact}} {
		if who.id.IsZero() {
			continue
		}
		found, err := r.Record(who.id)
		if profile.IsKind(err, profile.NotFound) {
			continue
		}
		if err != nil {
			return n, err
		}
		*who.slug = found.Name(profile.Slug)
	}
	return n, nil
}

// dropNote removes a note that names an erased subject.
func (s *Site) dropNote(tx store.Tx, actor profile.ID, l *store.Link) error {
	if err := dropLink(tx, l); err != nil {
		return err
	}
	rec, err := tx.Record(l.Dst)
	if profile.IsKind(err, profile.NotFound) { // it went with its owner
		return nil
	}
	if err != nil {
		return err
	}
	var a noteAttrs
	if err := json.Unmarshal(rec.Attrs, &a); err != nil {
		return err
	}
	for about, id := range map[NoteAbout]profile.ID{AboutAccount: a.Account, AboutContact: a.Contact} {
		if err := tx.DropLink(id, store.NoteLink, rec.ID, about.tag()); err != nil {
			return err
		}
	}
	return tx.Remove(rec, s.event(actor, "note.deleted", rec.ID))
}
