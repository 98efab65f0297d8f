package server

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"facet/internal/profile"
)

// done writes the one log line of a request and counts it. The line says what
// was asked by pattern and parameter names, and who asked by id: no path as
// sent, header, body, value of a parameter, token, name or address.
func (s *Server) done(x *exchange, r *http.Request) {
	now := s.now()
	took := now.Sub(x.start)
	if x.status == 0 {
		x.status = http.StatusOK // what net/http sends when a handler wrote nothing
		x.tell()
	}
	x.meter.note(x.status, took)
	if x.call.Site != nil {
		s.traffic.note(x.call.Site.Name(), x.face.Name(), x.status, took)
	}
	x.starts.note(x.err)

	level := slog.LevelInfo
	if x.status >= 500 || x.err != nil && x.err.Kind == profile.Internal {
		level = slog.LevelError
	}
	ctx := r.Context()
	if !s.log.Enabled(ctx, level) {
		return
	}
	route := x.route
	if route == "" {
		route = unmatchedRoute
	}
	var room [14]slog.Attr
	attrs := append(room[:0],
		slog.String("id", x.call.ID),
		slog.String("method", method(r.Method)),
		slog.String("route", route),
		slog.Int("status", x.status),
		slog.Int64("bytes", x.bytes),
		slog.Int64("us", took.Microseconds()),
		slog.String("face", x.face.Name()),
	)
	if x.call.Site != nil {
		attrs = append(attrs, slog.String("site", x.call.Site.Name()))
	}
	if names := parameterNames(r.URL.RawQuery); names != "" {
		attrs = append(attrs, slog.String("query", names))
	}
	if !x.call.Who.IsNobody() {
		attrs = append(attrs, slog.String("who", x.call.Who.Subject.String()))
	}
	if x.err != nil {
		attrs = append(attrs, slog.String("code", string(x.err.Code)))
		if level == slog.LevelError {
			attrs = append(attrs, slog.String("error", x.err.Error()))
		}
	}
	if x.broken {
		attrs = append(attrs, slog.Bool("broken", true))
	}
	line := slog.NewRecord(now, level, "request", 0) // LogAttrs would look for the caller's source line, which nobody reads
	line.AddAttrs(attrs...)
	_ = s.log.Handler().Handle(ctx, line) // there is nowhere to tell of it
}

// method keeps free text out of the log: a method is any token.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}

const maxNames, maxName = 16, 40

// parameterNames lists the names of a query's parameters. What has no "=" is a
// value without a name, and what has odd characters may be one: both are
// shown as "?".
func parameterNames(query string) string {
	if query == "" {
		return ""
	}
	var b strings.Builder
	for n := 0; query != "" && n < maxNames; n++ {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		name, _, ok := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); ok && err == nil && isParameterName(plain) {
			name = plain
		} else {
			name = "?"
		}
		if n > 0 {
			b.WriteByte(',')
		}
		b.WriteString(name)
	}
	if query != "" {
		b.WriteString(",…")
	}
	return b.String()
}

func isParameterName(s string) bool {
	if s == "" || len(s) > maxName {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("_.-[]", c) >= 0) {
			return false
		}
	}
	return true
}

// logPanic keeps the stack. The value is shown only where the runtime made
// it: others may hold what a caller sent.
func (s *Server) logPanic(x *exchange, p any) {
	what := fmt.Sprintf("%T", p)
	if err, ok := p.(runtime.Error); ok {
		what = err.Error()
	}
	s.log.LogAttrs(context.Background(), slog.LevelError, "panic",
		slog.String("id", x.call.ID), slog.String("route", x.route),
		slog.String("panic", what), slog.String("stack", string(debug.Stack())))
}

// NewLog makes a log of JSON lines that are written a tenth of a second later
// at most, many in one write; a warning or an error is written at once, with
// all that waits. flush writes what waits; call it before the process ends.
func NewLog(w io.Writer, level slog.Leveler) (log *slog.Logger, flush func()) {
	lines := &lines{w: bufio.NewWriterSize(w, 64<<10)}
	lines.timer = time.AfterFunc(time.Hour, lines.flush)
	lines.timer.Stop()
	inner := slog.NewJSONHandler(lines, &slog.HandlerOptions{Level: level})
	return slog.New(&promptHandler{inner, lines}), lines.flush
}

// lines gathers log lines.
type lines struct {
	mu    sync.Mutex
	w     *bufio.Writer
	timer *time.Timer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.w.Buffered() == 0 {
		l.timer.Reset(100 * time.Millisecond)
	}
	return l.w.Write(b)
}

func (l *lines) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.w.Flush() // there is nowhere to tell of it
}

// promptHandler writes warnings and errors at once.
type promptHandler struct {
	slog.Handler
	lines *lines
}

func (h *promptHandler) Handle(ctx context.Context, r slog.Record) error {
	err := h.Handler.Handle(ctx, r)
	if r.Level >= slog.LevelWarn {
		h.lines.flush()
	}
	return err
}

func (h *promptHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &promptHandler{h.Handler.WithAttrs(attrs), h.lines}
}

func (h *promptHandler) WithGroup(name string) slog.Handler {
	return &promptHandler{h.Handler.WithGroup(name), h.lines}
}
