package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
)

// bareDocuments is the baseline of writes of documents: it keeps in memory
// where they are, and changes the rows that ours changes, checking nothing.
type bareDocuments struct {
	*bareWriter
	app string

	mu sync.Mutex
	at map[string]*store.Record // by their owner's id, as the last write left them
}

const documentCreated = "2020-01-02T03:04:05.000000Z" // in its answers

// documents puts a document of each owner into a data folder.
func (w *bareWriter) documents(app string, owners []profile.ID, text string) (*bareDocuments, error) {
	d := &bareDocuments{bareWriter: w, app: app, at: map[string]*store.Record{}}
	now := time.Now().UTC().Truncate(time.Microsecond)
	err := w.do(func(s *bareStatements, _ int64, _ *int64) error {
		for _, owner := range owners {
			id := profile.NewIDIn(now, owner.Bucket())
			rec := &store.Record{ID: id, Type: profile.Document, Number: w.number.Add(1), Owner: owner, Attrs: []byte(text), Version: 1, Created: now, Updated: now}
			bucket, at := bucketNumber(id), now.UnixMicro()
			if err := s.exec(s.record, site, bucket, id[:], string(rec.Type), rec.Number, owner[:], actor[:], text, "{}", d.names(),
				"", string(profile.Active), "", rec.Version, at, at, int64(0)); err != nil {
				return err
			}
			if err := s.exec(s.name, site, bucketNumber(owner), owner[:], string(profile.DocumentApp), app, bucket, id[:]); err != nil {
				return err
			}
			if err := s.exec(s.attribute, site, string(rec.Type), "app", app, rec.Number, bucket, id[:]); err != nil {
				return err
			}
			d.at[owner.String()] = rec
		}
		return nil
	})
	return d, err
}

// names is the column of a document's record.
func (d *bareDocuments) names() string { return `[{"s":"document","v":"` + d.app + `","o":true}]` }

// bareItem is one document to be written.
type bareItem struct {
	User string          `json:"user_id"`
	Text json.RawMessage `json:"profile_data"`
}

// change writes documents in one transaction and gives their versions.
func (d *bareDocuments) change(items []bareItem) (versions []int64, err error) {
	versions = make([]int64, len(items))
	names, now := d.names(), time.Now().UnixMicro()
	return versions, d.do(func(s *bareStatements, tx int64, seq *int64) error {
		d.mu.Lock()
		defer d.mu.Unlock()
		for i, item := range items {
			rec := d.at[item.User]
			if rec == nil {
				return fmt.Errorf("no document of %s", item.User)
			}
			id, bucket, was, version := rec.ID[:], bucketNumber(rec.ID), rec.Attrs, rec.Version
			rec.Attrs, rec.Version = item.Text, version+1
			if err := s.exec(s.update, rec.Owner[:], actor[:], string(rec.Attrs), "{}", names, "", string(profile.Active), "", rec.Version, now,
				site, bucket, id, version, names); err != nil {
				return err
			}
			*seq++
			if err := s.exec(s.event, site, int64(1), tx, *seq, bucket, now, actor[:], id, "document.updated", `["data"]`, rec.Version); err != nil {
				return err
			}
			body := `{"attrs":` + strconv.Quote(string(was)) + `,"updated":` + strconv.FormatInt(now, 10) + `}`
			if err := s.exec(s.body, site, bucket, id, int64(1), tx, *seq, rec.Version, now, actor[:], "document.updated", body); err != nil {
				return err
			}
			versions[i] = rec.Version
		}
		return nil
	})
}

// put answers PUT of one document.
func (d *bareDocuments) put(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	var versions []int64
	user := r.PathValue("user")
	if err == nil {
		versions, err = d.change([]bareItem{{user, text}})
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header()["Content-Type"] = []string{"application/json"}
	_, _ = fmt.Fprintf(w, `{"user_id":"%s","app_id":%s,"profile_data":%s,"version":%d,"created_at":"%s","updated_at":"%[5]s"}`,
		user, d.app, text, versions[0], documentCreated)
}

// batch answers create-bulk.
func (d *bareDocuments) batch(w http.ResponseWriter, r *http.Request) {
	var in struct{ Profiles []bareItem }
	err := json.NewDecoder(r.Body).Decode(&in)
	var versions []int64
	if err == nil {
		versions, err = d.change(in.Profiles)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	out := []byte(`{"created":0,"profiles":[`)
	for i, item := range in.Profiles {
		out = fmt.Appendf(out, `%s{"user_id":"%s","app_id":%s,"version":%d,"status":"replaced"}`, ","[:min(i, 1)], item.User, d.app, versions[i])
	}
	out = append(out, "]}"...)
	h := w.Header()
	h["Content-Type"], h["Content-Length"] = []string{"application/json"}, []string{strconv.Itoa(len(out))}
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(out)
}

// handler is both.
func (d *bareDocuments) handler() http.HandlerFunc {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /operator/users/profile/{user}/{app}", d.put)
	mux.HandleFunc("POST /operator/profile/create-bulk", d.batch)
	return mux.ServeHTTP
}
