package appdata

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/jsondoc"
	"facet/internal/profile"
	"facet/internal/schema"
)

// How long a large body, and the answer to it, may take: longer than other
// requests.
const (
	bulkRead  = 5 * time.Minute
	bulkWrite = 10 * time.Minute // from now, like bulkRead
)

// createBulk makes many documents, of whichever people and apps, for an
// operator: all, or none (POST /operator/profile/create-bulk). The body is
// read as it arrives; the documents of it wait in a spool until all is found to
// be right.
func createBulk(w http.ResponseWriter, r *http.Request, c *face.Call) (err error) {
	if err := c.Site.MayDocuments(r.Context(), c.Who); err != nil {
		return err
	}
	q, err := openQuery(r, "mode", "on_conflict", "return")
	if err != nil {
		return err
	}
	mode, err := q.choice("mode", "all", "partial")
	if err != nil {
		return err
	}
	returned, err := q.choice("return", "minimal", "full")
	if err != nil {
		return err
	}
	if returned == "full" && mode == "partial" {
		return badParameter("return", "full goes with mode=all.")
	}
	onConflict, err := q.onConflict()
	if err != nil {
		return err
	}
	again, err := repeat(r)
	if err != nil {
		return err
	}
	control := http.NewResponseController(w)
	if err := errors.Join(control.SetReadDeadline(time.Now().Add(bulkRead)), control.SetWriteDeadline(time.Now().Add(bulkWrite))); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	in, err := openBody(r)
	if err != nil {
		return err
	}
	b := &bulk{body: in, partial: mode == "partial"}
	defer func() { err = errors.Join(err, b.texts.close()) }()
	if err := b.read(); err != nil {
		return err
	}
	if b.count < 0 { // not even a list
		return in.err()
	}
	result, err := c.Site.WriteDocuments(r.Context(), c.Who, directory.DocumentBatch{
		Items: b.documents, Text: b.text, Broken: len(in.items) > 0, Partial: b.partial, OnConflict: onConflict, Repeat: again(), Answer: b.answer,
	})
	var bad directory.Items
	if err != nil && !errors.As(err, &bad) {
		return err
	}
	in.noteAll(bad)
	if len(in.items) > 0 && !b.partial {
		return in.err()
	}
	out := result.Answer
	if out == nil {
		out = b.answer(result)
	}
	if returned == "full" {
		return b.full(w, r, c, out)
	}
	status := http.StatusCreated
	if b.partial {
		status = http.StatusOK
	}
	face.WriteJSON(w, status, out)
	return nil
}

// bulk is the body of create-bulk.
type bulk struct {
	*body
	partial   bool
	count     int // of the items in the body; -1: there is no list
	documents []directory.DocumentItem
	extents   []extent // of the documents' texts
	texts     spool
}

// read reads the body.
func (b *bulk) read() error {
	b.count = -1
	if err := b.list(func() error {
		before := len(b.items)
		var d readItem
		if err := b.members(b.dec, "", func(name string) (bool, error) {
			if known, err := b.matchMember(&d, name); known || err != nil {
				return known, err
			}
			return b.documentMember(&d, name)
		}); err != nil {
			return err
		}
		b.checkDocument(&d, true, true)
		at, err := b.texts.add(d.text.JSON())
		if err != nil {
			return err
		}
		b.documents = append(b.documents, directory.DocumentItem{Index: b.index, Place: d.place, Match: d.match, Broken: len(b.items) > before})
		b.extents = append(b.extents, at)
		if len(b.items) >= maxWrongBulk {
			return b.err()
		}
		return nil
	}); err != nil {
		return err
	}
	if b.listed {
		b.count = len(b.documents)
	}
	return nil
}

func (b *bulk) text(i int) (directory.DocumentText, error) {
	if b.extents[i].length == 0 {
		return directory.DocumentText{}, nil
	}
	text, err := b.texts.read(b.extents[i])
	return directory.KeptText(text), err
}

// list reads a body that is an object with the array "profiles".
func (in *body) list(one func() error) error {
	err := in.object(func(name string) (bool, error) {
		if name != "profiles" {
			return false, nil
		}
		in.listed = true
		return true, in.elements(func(int) error { return one() })
	})
	if err == nil && !in.listed && len(in.items) == 0 {
		in.wrong(profile.Missing, profile.CodeRequired, "/profiles", "profiles is required.")
	}
	return err
}

// matchMember reads the condition of an item: the version that there has to be,
// or that there is none.
func (in *body) matchMember(d *readItem, name string) (known bool, err error) {
	if name != "if_match" && name != "if_none_match" {
		return false, nil
	}
	raw, err := in.value(in.dec)
	if err != nil {
		return true, err
	}
	text, isText := schema.Text(raw)
	switch v, ok := appID(string(raw)); {
	case name == "if_match" && ok:
		d.match.If = []int64{v}
	case name == "if_match" && isText && text == "*":
		d.match.Any = true
	case name == "if_none_match" && isText && text == "*":
		d.match.None = true
	case name == "if_match":
		in.wrong(profile.Invalid, profile.CodeType, "/if_match", `if_match must be a version, such as 3, or "*".`)
	default:
		in.wrong(profile.Invalid, profile.CodeType, "/if_none_match", `if_none_match must be "*".`)
	}
	return true, nil
}

// noteAll notes what package directory found to be wrong with items, in the
// order of the items.
func (in *body) noteAll(bad directory.Items) {
	for _, b := range bad {
		in.index = b.Index
		for _, i := range itemsOf(b.Err, documentPointers) {
			in.note(i)
		}
	}
	in.index = -1
	slices.SortStableFunc(in.items, func(a, b item) int { return a.at() - b.at() })
}

// byIndex sorts what is wrong by the item that it is about.
func (in *body) byIndex() map[int][]item {
	out := map[int][]item{}
	for _, i := range in.items {
		if i.Index != nil {
			out[*i.Index] = append(out[*i.Index], i)
		}
	}
	return out
}

// at is the index, or -1.
func (i item) at() int {
	if i.Index == nil {
		return -1
	}
	return *i.Index
}

// outcomes are the words for what became of an item.
var outcomes = map[directory.Outcome]string{
	directory.Created: "created", directory.Replaced: "replaced", directory.Merged: "merged", directory.Skipped: "skipped", directory.Unchanged: "unchanged",
}

// answer is the body of the answer, without the documents.
func (b *bulk) answer(result directory.BatchResult) []byte {
	if b.partial {
		return b.results(result)
	}
	made := 0
	for _, r := range result.Items {
		if r.Outcome == directory.Created {
			made++
		}
	}
	out := append(make([]byte, 0, 64+len(result.Items)*110), `{"created":`...)
	out = append(strconv.AppendInt(out, int64(made), 10), `,"profiles":[`...)
	for i, r := range result.Items {
		if i > 0 {
			out = append(out, ',')
		}
		out = b.appendOutcome(out, i, r)
		out = append(out, '}')
	}
	return append(out, "]}"...)
}

func (b *bulk) appendOutcome(out []byte, i int, r directory.ItemResult) []byte {
	out = appendPlace(out, &b.documents[i].Place)
	out = strconv.AppendInt(append(out, `,"version":`...), r.Version, 10)
	if r.Outcome != directory.Created {
		out = append(append(append(out, `,"status":"`...), outcomes[r.Outcome]...), '"')
	}
	return out
}

// results is the answer to a partial batch: one result for each item of the
// body, in its place.
func (b *bulk) results(result directory.BatchResult) []byte {
	all := body{items: slices.Clone(b.items), index: -1}
	all.noteAll(result.Failed)
	wrong := all.byIndex()
	out := append(make([]byte, 0, 64+len(result.Items)*150), `{"results":[`...)
	for i, r := range result.Items {
		if i > 0 {
			out = append(out, ',')
		}
		if errs := wrong[b.documents[i].Index]; errs != nil || r.Outcome == directory.Failed {
			out = append(out, `{"status":"failed","errors":`...)
			list, _ := json.Marshal(errs) // texts and numbers
			out = append(append(out, list...), '}')
			continue
		}
		out = b.appendOutcome(out, i, r)
		if r.Outcome == directory.Created {
			out = append(out, `,"status":"created"`...)
		}
		out = append(out, `,"etag":"\"`...)
		out = append(strconv.AppendInt(out, r.Version, 10), `\""}`...)
	}
	return append(out, "]}"...)
}

// pageOfPlaces is how many documents are in memory at once while an answer with
// documents is written.
const pageOfPlaces = 32

// full answers with the documents as they are now, in the place of those of
// the short answer.
func (b *bulk) full(w http.ResponseWriter, r *http.Request, c *face.Call, short []byte) error {
	places := make([]directory.DocumentPlace, len(b.documents))
	for i, d := range b.documents {
		places[i] = d.Place
	}
	head := short[:bytes.IndexByte(short, '[')+1]
	return writePlaces(w, r, c, http.StatusCreated, slices.Clone(head), places, nil)
}

// writePlaces answers with documents, null for those that are not there, some
// at a time. The caller may read all of them.
func writePlaces(w http.ResponseWriter, r *http.Request, c *face.Call, status int, head []byte, places []directory.DocumentPlace, fields []jsondoc.Pointer) error {
	out, begun := head, false
	for from := 0; from < len(places); from += pageOfPlaces {
		docs, err := c.Site.DocumentsAt(r.Context(), c.Who, places[from:min(from+pageOfPlaces, len(places))])
		if err != nil && !begun {
			return err
		}
		if err != nil {
			panic(http.ErrAbortHandler) // half an answer must not be taken for a whole one
		}
		for i := range docs {
			if from+i > 0 {
				out = append(out, ',')
			}
			if docs[i].Data == nil {
				out = append(out, "null"...)
				continue
			}
			if fields != nil {
				docs[i].Data = jsondoc.Pick(docs[i].Data, fields)
			}
			out = appendDocument(out, &docs[i])
		}
		if from+pageOfPlaces < len(places) {
			if !begun {
				begin(w, status)
				begun = true
			}
			if _, err := w.Write(out); err != nil {
				return nil // nobody reads it any more
			}
			out = out[:0]
		}
	}
	out = append(out, "]}"...)
	if !begun {
		face.WriteJSON(w, status, out)
		return nil
	}
	_, _ = w.Write(out)
	return nil
}

// begin begins an answer whose length is not known yet.
func begin(w http.ResponseWriter, status int) {
	h := w.Header()
	h["Content-Type"] = []string{"application/json"}
	h["Cache-Control"] = noStore
	h["X-Content-Type-Options"] = noSniff
	w.WriteHeader(status)
}

// places reads the body of get-bulk and delete-bulk: what names documents.
func (in *body) places(conditions bool) (out []directory.DocumentItem, err error) {
	err = in.list(func() error {
		before := len(in.items)
		var d readItem
		if err := in.members(in.dec, "", func(name string) (bool, error) {
			if conditions && name == "if_match" {
				return in.matchMember(&d, name)
			}
			return in.placeMember(&d, name)
		}); err != nil {
			return err
		}
		in.checkDocument(&d, true, false)
		if len(out) == directory.MaxPlaces {
			return profile.E(profile.TooLarge, profile.CodeTooLarge, "", "At most %d profiles are named at once.", directory.MaxPlaces)
		}
		out = append(out, directory.DocumentItem{Index: in.index, Place: d.place, Match: d.match, Broken: len(in.items) > before})
		return nil
	})
	return out, err
}

// getBulk reads many documents: each in the place of its question, null where
// there is none (POST /operator/profile/get-bulk).
func getBulk(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := c.Site.MayDocuments(r.Context(), c.Who); err != nil {
		return err
	}
	q, err := openQuery(r, "fields")
	if err != nil {
		return err
	}
	fields, err := q.fields()
	if err != nil {
		return err
	}
	in, err := openBody(r)
	if err != nil {
		return err
	}
	items, err := in.places(false)
	if err == nil {
		err = in.err()
	}
	if err != nil {
		return err
	}
	places := make([]directory.DocumentPlace, len(items))
	for i, it := range items {
		places[i] = it.Place
	}
	return writePlaces(w, r, c, http.StatusOK, []byte(`{"profiles":[`), places, fields)
}

// deleteBulk deletes many documents, all or none, or each by itself (POST and
// DELETE /operator/profile/delete-bulk).
func deleteBulk(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := c.Site.MayDocuments(r.Context(), c.Who); err != nil {
		return err
	}
	q, err := openQuery(r, "mode")
	if err != nil {
		return err
	}
	mode, err := q.choice("mode", "all", "partial")
	if err != nil {
		return err
	}
	in, err := openBody(r)
	if err != nil {
		return err
	}
	items, err := in.places(true)
	if err != nil {
		return err
	}
	if !in.listed {
		return in.err()
	}
	partial := mode == "partial"
	bad, err := c.Site.DeleteDocuments(r.Context(), c.Who, items, len(in.items) > 0, partial)
	var all directory.Items
	if err != nil && !errors.As(err, &all) {
		return err
	}
	in.noteAll(append(all, bad...))
	if len(in.items) > 0 && !partial {
		return in.err()
	}
	if !partial {
		face.WriteJSON(w, http.StatusOK, []byte(`{"deleted":`+strconv.Itoa(len(items))+`}`))
		return nil
	}
	wrong := in.byIndex()
	results := make([]deletion, len(items))
	for i, it := range items {
		results[i] = deletion{Status: "deleted", Errors: wrong[it.Index]}
		if results[i].Errors != nil {
			results[i].Status = "failed"
		}
	}
	return write(w, http.StatusOK, map[string]any{"results": results})
}

// deletion is what became of an item of delete-bulk.
type deletion struct {
	Status string `json:"status"` // deleted or failed
	Errors []item `json:"errors,omitempty"`
}

// elements reads the array "profiles".
func (in *body) elements(one func(index int) error) error {
	switch in.dec.PeekKind() {
	case '[', 0: // 0: ReadToken tells what is wrong
	default:
		in.wrong(profile.Invalid, profile.CodeType, "/profiles", "profiles must be an array.")
		if err := in.dec.SkipValue(); err != nil {
			return in.broken(err)
		}
		return nil
	}
	if _, err := in.dec.ReadToken(); err != nil {
		return in.broken(err)
	}
	defer func() { in.index = -1 }()
	for index := 0; in.dec.PeekKind() != ']' && in.dec.PeekKind() != 0; index++ {
		in.index = index
		if err := one(index); err != nil {
			return err
		}
	}
	if _, err := in.dec.ReadToken(); err != nil {
		return in.broken(err)
	}
	return nil
}
