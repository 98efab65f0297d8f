package own

import (
	"context"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
	"facet/internal/webhook"
)

// The bounds of waiting for events.
const (
	maxWait     = 60 // seconds that a call waits for the first event
	usualPage   = 100
	heartbeat   = 15 * time.Second // between two signs of life of a stream
	lookAgain   = 5 * time.Second  // after which a waiting caller is asked for anew
	writeWithin = 10 * time.Second // a part of a stream: a reader slower than that is left
	retryAfter  = 3000             // milliseconds that a client waits before it connects again
)

// eventPage is GET /events.
type eventPage struct {
	Events []webhook.Event `json:"events"`
	Cursor string          `json:"cursor"` // where the next part begins
	More   bool            `json:"more"`   // there is more by now
}

// historyWire is how long events are kept.
type historyWire struct {
	Days   int    `json:"days"`             // 0: for good
	Oldest string `json:"oldest,omitempty"` // the cursor before the oldest that is kept
}

// events gives a part of the feed: as JSON, after some waiting where nothing is
// there yet, or as a stream that goes on (server-sent events, WHATWG HTML,
// 9.2).
func events(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	p, err := query(r, "after", "limit", "kinds", "types", "wait")
	if err != nil {
		return err
	}
	q := directory.FeedQuery{After: p["after"], Kinds: p.list("kinds"), Types: p.list("types")}
	if q.Limit, err = p.number("limit", 1, directory.MaxFeed, usualPage); err != nil {
		return err
	}
	wait, err := p.number("wait", 0, maxWait, 0)
	if err != nil {
		return err
	}
	if !wantsStream(r) {
		return poll(w, r, c, q, time.Duration(wait)*time.Second)
	}
	if _, given := p["wait"]; given {
		return badParameter("wait", "a stream waits as long as it lives")
	}
	if last := r.Header.Get("Last-Event-Id"); last != "" {
		q.After = last
	}
	return stream(w, r, c, q)
}

// wantsStream reports whether the caller asks for server-sent events.
func wantsStream(r *http.Request) bool {
	for accept := range strings.SplitSeq(r.Header.Get("Accept"), ",") {
		if media, _, err := mime.ParseMediaType(accept); err == nil && media == "text/event-stream" {
			return true
		}
	}
	return false
}

// poll answers at once when there is something, else when something comes, the
// time is over, or the server is told to end.
func poll(w http.ResponseWriter, r *http.Request, c *face.Call, q directory.FeedQuery, wait time.Duration) error {
	page, err := c.Site.Feed(r.Context(), c.Who, q)
	if err != nil {
		return err
	}
	if wait > 0 && len(page.Events) == 0 && !page.More {
		if page, err = awaitPage(w, r, c, q, page, wait); err != nil {
			return err
		}
	}
	return write(w, http.StatusOK, eventPage{page.Events, page.Cursor, page.More})
}

func awaitPage(w http.ResponseWriter, r *http.Request, c *face.Call, q directory.FeedQuery, page directory.FeedPage, wait time.Duration) (directory.FeedPage, error) {
	l, err := c.Site.Listen()
	if err != nil {
		return page, err
	}
	defer l.Close()
	outlast(w, wait+writeWithin)
	over, look := time.NewTimer(wait), time.NewTicker(lookAgain)
	defer over.Stop()
	defer look.Stop()
	for {
		next := l.Next()
		q.After = page.Cursor
		if page, err = c.Site.Feed(r.Context(), c.Who, q); err != nil || len(page.Events) > 0 {
			return page, err
		}
		if page.More {
			continue
		}
		select {
		case <-next:
		case <-look.C:
		case <-over.C:
			return page, nil
		case <-c.Ending:
			return page, nil
		case <-r.Context().Done():
			return page, r.Context().Err()
		}
		if err := stillMay(r, c); err != nil {
			return page, err
		}
	}
}

// outlast gives a connection more time than the server's usual bounds.
func outlast(w http.ResponseWriter, more time.Duration) {
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Time{}) // nothing is read any more; a deadline would end the request
	_ = rc.SetWriteDeadline(time.Now().Add(more))
}

// stillMay finds out anew who calls: a token may have been revoked, or be over,
// and an operator be none any more.
func stillMay(r *http.Request, c *face.Call) error {
	now := face.Call{Site: c.Site, Identity: c.Identity, From: c.From, ID: c.ID}
	if err := (own{}).Identify(r, &now); err != nil {
		return err
	}
	if err := access.Admit(access.EventRead, now.Who); err != nil {
		return err
	}
	c.Who = now.Who
	return nil
}

// stream tells events as they come. Each part is read whole before it is
// written, so that a slow reader holds no more than that; who takes none in time
// is left.
func stream(w http.ResponseWriter, r *http.Request, c *face.Call, q directory.FeedQuery) error {
	l, err := c.Site.Listen()
	if err != nil {
		return err
	}
	defer l.Close()
	page, err := c.Site.Feed(r.Context(), c.Who, q) // what is refused is refused as usual
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h["Cache-Control"] = noStore
	h["X-Content-Type-Options"] = noSniff
	h.Set("X-Accel-Buffering", "no") // of proxies that would hold it back
	w.WriteHeader(http.StatusOK)
	s := &sse{w: w, rc: http.NewResponseController(w)}
	s.text("retry: " + strconv.Itoa(retryAfter) + "\n\n")
	look, beat := time.NewTicker(lookAgain), time.NewTicker(heartbeat)
	defer look.Stop()
	defer beat.Stop()
	for {
		next := l.Next()
		if err := s.page(page); err != nil {
			return nil // nobody reads any more
		}
		q.After = page.Cursor
		if err = stillMay(r, c); err == nil {
			page, err = c.Site.Feed(r.Context(), c.Who, q)
		}
		if err == nil && len(page.Events) == 0 && !page.More {
			err = pauseStream(r.Context(), c, s, next, look.C, beat.C, page.Cursor)
		}
		if err != nil {
			s.end(err)
			return nil
		}
	}
}

// pauseStream waits until there may be something to do: an error when the
// stream is to end.
func pauseStream(ctx context.Context, c *face.Call, s *sse, next <-chan struct{}, look, beat <-chan time.Time, cursor string) error {
	select {
	case <-next:
	case <-look:
	case <-beat:
		s.text("id: " + cursor + "\n: still here\n\n") // also where the filter lets nothing through
		return s.flush()
	case <-c.Ending:
		return errEnding
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

var errEnding = profile.E(profile.Busy, profile.CodeBusy, "", "the server ends")

// sse writes server-sent events.
type sse struct {
	w  http.ResponseWriter
	rc *http.ResponseController
	b  []byte
}

func (s *sse) text(text string) { s.b = append(s.b, text...) }

// page writes events, each with its cursor as id.
func (s *sse) page(page directory.FeedPage) error {
	for _, e := range page.Events {
		raw, err := json.Marshal(e)
		if err != nil {
			return err
		}
		s.text("id: " + e.Cursor + "\ndata: ")
		s.b = append(s.b, raw...)
		s.text("\n\n")
	}
	return s.flush()
}

func (s *sse) flush() error {
	if len(s.b) == 0 {
		return nil
	}
	outlast(s.w, writeWithin)
	_, err := s.w.Write(s.b)
	s.b = s.b[:0]
	if err == nil {
		err = s.rc.Flush()
	}
	return err
}

// end tells why a stream ends, where a client can do something about it: the
// caller may not read it any more, or reads too late.
func (s *sse) end(err error) {
	if e := profile.AsError(err); e.Kind != profile.Internal && e.Kind != profile.Busy {
		raw, failed := json.Marshal(problemOf(e))
		if failed == nil {
			s.text("event: error\ndata: " + string(raw) + "\n\n")
		}
	}
	_ = s.flush()
	outlast(s.w, writeWithin) // for what the server writes at the end
}

func history(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if _, err := query(r); err != nil {
		return err
	}
	h, err := c.Site.History(r.Context(), c.Who)
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, historyWire{h.Days, h.Oldest})
}

func keepHistory(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	var in struct {
		Days *int `json:"days"`
	}
	if err := readObject(w, r, &in); err != nil {
		return err
	}
	if in.Days == nil {
		return profile.E(profile.Missing, profile.CodeRequired, "days", "it is needed")
	}
	if err := c.Site.KeepHistory(r.Context(), c.Who, *in.Days); err != nil {
		return err
	}
	return history(w, r, c)
}
