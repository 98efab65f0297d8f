package console

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"facet/internal/face"
	"facet/internal/profile"
)

// change is one step of a profile's history.
type change struct {
	Version int64
	At      time.Time
	Kind    string // "user.updated" …
	Actor   profile.ID
	Name    string // of the actor
	Diffs   []diff
	First   bool
}

// diff is a value that a change made another.
type diff struct{ Path, Was, Is string }

const historyPage = 20

// history shows what a profile was, and who changed it.
func (c *Console) history(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	rec, err := recordAt(r, call)
	if err != nil {
		return err
	}
	below, err := strconv.ParseInt(r.URL.Query().Get("below"), 10, 64)
	if err != nil || below < 0 {
		below = 0
	}
	list, err := call.Site.RecordVersions(r.Context(), call.Who, rec.ID, below, historyPage)
	if err != nil {
		return err
	}
	var out struct {
		Changes []change
		Below   int64 // where the next page begins; 0: nowhere
	}
	for i, v := range list {
		if i == historyPage {
			out.Below = list[i-1].Version.Version
			break
		}
		ch := change{Version: v.Version.Version, At: v.At, Kind: v.Kind, Actor: v.Actor, Name: v.ActorName, First: v.Version.Version == 1}
		if i+1 < len(list) {
			before := list[i+1]
			ch.Diffs = append(differences("", before.Attrs, v.Attrs), differences("extras", before.Extras, v.Extras)...)
			if before.Password != v.Password {
				ch.Diffs = append(ch.Diffs, diff{"password", map[bool]string{true: "set"}[before.Password != ""], map[bool]string{true: "another one", false: ""}[v.Password != ""]})
			}
		} else if ch.First {
			ch.Diffs = differences("", nil, v.Attrs)
		}
		out.Changes = append(out.Changes, ch)
	}
	return c.showTab(w, r, call, http.StatusOK, rec, "history", out)
}

// differences lists what two documents have unlike, by path.
func differences(at string, was, is []byte) []diff {
	before, after := map[string]string{}, map[string]string{}
	flatten(at, was, before)
	flatten(at, is, after)
	var paths []string
	for p, v := range before {
		if after[p] != v {
			paths = append(paths, p)
		}
	}
	for p := range after {
		if _, known := before[p]; !known {
			paths = append(paths, p)
		}
	}
	slices.Sort(paths)
	out := make([]diff, len(paths))
	for i, p := range paths {
		out[i] = diff{p, before[p], after[p]}
	}
	return out
}

// flatten gives the values of a document by path; elements go by their id,
// where they have one.
func flatten(at string, raw []byte, into map[string]string) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return
	}
	switch raw[0] {
	case '{':
		var m map[string]json.RawMessage
		if json.Unmarshal(raw, &m) != nil {
			return
		}
		for name, v := range m {
			if at != "" {
				name = at + "." + name
			}
			flatten(name, v, into)
		}
	case '[':
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) != nil {
			return
		}
		for i, v := range list {
			var has struct {
				ID json.Number `json:"id"`
			}
			key := strconv.Itoa(i)
			if json.Unmarshal(v, &has) == nil && has.ID != "" {
				key = has.ID.String()
			}
			flatten(at+"#"+key, v, into)
		}
	case '"':
		var text string
		if json.Unmarshal(raw, &text) == nil {
			into[at] = text
		}
	default:
		into[at] = string(raw)
	}
}

// member is a member of a JSON object, to be shown.
type member struct{ Name, JSON string }

// membersOf lists the members of an object by name.
func membersOf(raw []byte) []member {
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return nil
	}
	var out []member
	for name, v := range m {
		out = append(out, member{name, pretty(v)})
	}
	slices.SortFunc(out, func(a, b member) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// pretty indents JSON; every number stays as it is written. What is no JSON is
// given as it is.
func pretty(raw []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, bytes.TrimSpace(raw), "", "  ") != nil {
		return string(raw)
	}
	return b.String()
}
