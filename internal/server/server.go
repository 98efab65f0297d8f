package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"facet/internal/access"
	"facet/internal/console"
	"facet/internal/directory"
	"facet/internal/docs"
	"facet/internal/face"
	"facet/internal/profile"
)

// Config is what a Server works with.
type Config struct {
	Directory *directory.Directory
	Faces     []face.Face
	Log       *slog.Logger                // nil: nothing is logged
	Now       func() time.Time            // nil: time.Now
	Metrics   *prometheus.Registry        // nil: counted, not published
	Ready     func(context.Context) error // nil: Directory.Ready
	Version   string                      // shown by GET /
	Limits    Limits
	Starts    Rate           // of each address, in all faces together
	Proxies   []netip.Prefix // whose X-Forwarded-For is believed

	Store func(context.Context) (console.StoreFacts, error) // for the console; nil: nothing is known
}

// Limits bound what one request may take. Zero fields have the defaults named.
type Limits struct {
	Body       int64         // bytes of a request body; 1 MiB
	Header     int           // bytes of a request's head; 64 KiB
	ReadHeader time.Duration // 10 s
	Read       time.Duration // head and body; 30 s
	Write      time.Duration // from the end of the head to the end of the answer; 60 s
	Idle       time.Duration // between two requests of a connection; 120 s
	Drain      time.Duration // for requests in flight at the end; 20 s
}

func (l Limits) withDefaults() Limits {
	orElse(&l.Body, face.MaxBody)
	orElse(&l.Header, 64<<10)
	orElse(&l.ReadHeader, 10*time.Second)
	orElse(&l.Read, 30*time.Second)
	orElse(&l.Write, 60*time.Second)
	orElse(&l.Idle, 120*time.Second)
	orElse(&l.Drain, 20*time.Second)
	return l
}

func orElse[T comparable](p *T, value T) {
	var zero T
	if *p == zero {
		*p = value
	}
}

// Server answers all faces on one origin. It is an http.Handler; Run serves it
// until told to end.
type Server struct {
	directory *directory.Directory
	faces     map[string]face.Face
	plain     plainFace
	mux       *http.ServeMux
	log       *slog.Logger
	now       func() time.Time
	ready     func(context.Context) error
	registry  *prometheus.Registry
	metrics   *metrics
	unmatched map[string]*meter // by face name, "" for nobody's paths
	version   string
	docs      *docs.Pages
	limits    Limits
	addresses *addresses // nil: no bound
	proxies   []netip.Prefix
	draining  atomic.Bool
	ending    chan struct{} // closed when draining begins
	traffic   traffic
	routes    []JoinedRoute
}

// JoinedRoute is a route with the name of its face.
type JoinedRoute struct {
	Face string
	face.Route
}

// New joins the faces. It is an error when a route names no method or a
// permission that is not in the table, or when two patterns clash.
func New(c Config) (*Server, error) {
	pages, err := documents()
	if err != nil {
		return nil, err
	}
	s := &Server{
		docs:      pages,
		directory: c.Directory,
		faces:     map[string]face.Face{},
		mux:       http.NewServeMux(),
		log:       c.Log,
		now:       c.Now,
		ready:     c.Ready,
		registry:  c.Metrics,
		metrics:   newMetrics(c.Metrics),
		unmatched: map[string]*meter{},
		version:   c.Version,
		limits:    c.Limits.withDefaults(),
		addresses: newAddresses(c.Starts),
		proxies:   c.Proxies,
		ending:    make(chan struct{}),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.ready == nil {
		s.ready = c.Directory.Ready
	}
	if s.addresses != nil && s.directory != nil && s.directory.Shared() {
		s.addresses.share = &sharing{spend: s.directory.Spend, now: s.now, log: s.log, untold: map[netip.Prefix]time.Duration{}}
	}
	s.unmatched[""] = s.metrics.meter("", unmatchedRoute)
	pagesOf := console.New(console.Config{API: s, Faces: namesOf(c.Faces), Traffic: s.traffic.of, Store: c.Store})
	all := append(slices.Clip(slices.Clone(c.Faces)), face.Face(pagesOf))
	for _, f := range all {
		if s.faces[f.Name()] != nil {
			return nil, fmt.Errorf("server: two faces are named %s", f.Name())
		}
		s.faces[f.Name()] = f
		s.unmatched[f.Name()] = s.metrics.meter(f.Name(), unmatchedRoute)
	}
	for _, f := range all {
		for _, r := range f.Routes() {
			if err := s.join(&endpoint{server: s, face: f, route: r}); err != nil {
				return nil, err
			}
		}
	}
	for _, e := range s.own() {
		if err := s.join(e); err != nil {
			return nil, err
		}
	}
	s.closeSubtrees()
	s.mux.HandleFunc("/", s.rest)
	return s, nil
}

// join adds one route to the mux.
func (s *Server) join(e *endpoint) (err error) {
	name := e.face.Name() + ": " + e.route.Method + " " + e.route.Pattern
	rule, ok := access.RuleOf(e.route.Permission)
	if !ok {
		return fmt.Errorf("server: %s: permission %q is not in the table", name, e.route.Permission)
	}
	if e.route.Method == "" || e.route.Handle == nil || !strings.HasPrefix(e.route.Pattern, "/") || strings.HasSuffix(e.route.Pattern, "/") {
		return fmt.Errorf("server: %s: a route has a method, a handler, and a path that begins but does not end with a slash", name)
	}
	defer func() {
		if p := recover(); p != nil { // how ServeMux tells of clashes
			err = fmt.Errorf("server: %s: %v", name, p)
		}
	}()
	e.name = e.route.Method + " " + e.route.Pattern
	e.meter = s.metrics.meter(e.face.Name(), e.name)
	if e.route.Permission == access.SessionStart {
		e.starts = s.metrics.sessionStarts(e.face.Name())
	}
	e.bounded = rule.PerAddress && s.addresses != nil
	s.mux.Handle(e.name, e)
	s.routes = append(s.routes, JoinedRoute{e.face.Name(), e.route})
	return nil
}

// closeSubtrees gives "/a" to rest where "/a/{more...}" is a pattern: the mux
// would redirect there, and a redirected POST loses its body.
func (s *Server) closeSubtrees() {
	for _, r := range s.routes {
		i := strings.LastIndexByte(r.Pattern, '/')
		if !strings.HasSuffix(r.Pattern, "...}") || i == 0 {
			continue
		}
		above := &http.Request{Method: r.Method, URL: newURL(r.Pattern[:i])}
		if h, _ := s.mux.Handler(above); !isEndpoint(h) {
			s.mux.HandleFunc(r.Method+" "+r.Pattern[:i], s.rest)
		}
	}
}

func isEndpoint(h http.Handler) bool {
	_, ok := h.(*endpoint)
	return ok
}

// Routes lists every route that answers, ours included.
func (s *Server) Routes() []JoinedRoute { return s.routes }

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{ResponseWriter: w, start: s.now(), meter: s.unmatched[""], face: s.plain}
	x.call.ID = requestID(r)
	w.Header()["X-Request-Id"] = []string{x.call.ID}
	s.metrics.inFlight.Inc()
	defer func() {
		if p := recover(); p != nil {
			s.recovered(x, r, p)
		}
		s.metrics.inFlight.Dec()
		s.done(x, r)
		if x.broken {
			panic(http.ErrAbortHandler) // the client must not take half an answer for a whole one
		}
	}()
	allowOrigin(w.Header(), r)
	r, regular := tidy(r)
	if !regular || r.Method == http.MethodConnect {
		s.rest(x, r)
		return
	}
	s.mux.ServeHTTP(x, r)
}

// consistency is the header of the token by which a caller is shown what it has
// written, or was shown before, wherever that is read.
const consistency = "Facet-Consistency"

// endpoint is a route on the mux.
type endpoint struct {
	server   *Server
	face     face.Face
	route    face.Route
	name     string // method and pattern
	siteless bool   // answers whatever the host
	meter    *meter
	starts   *starts // nil: the route starts no session
	bounded  bool    // each address may ask so often
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := w.(*exchange)
	x.face, x.meter, x.route, x.starts = e.face, e.meter, e.name, e.starts
	allowCredentials(w.Header(), r, e.face.Name(), e.name)
	if err := e.serve(x, r); err != nil {
		x.fail(r, err)
	}
}

func (e *endpoint) serve(x *exchange, r *http.Request) error {
	if !e.siteless {
		if err := e.server.findSite(x, r); err != nil {
			return err
		}
	}
	x.call.From = addressOf(r, e.server.proxies)
	x.call.Ending = e.server.ending
	if e.bounded {
		if err := e.server.addresses.take(networkOf(x.call.From), e.server.now()); err != nil {
			e.server.metrics.limited.WithLabelValues(e.face.Name()).Inc()
			return err
		}
	}
	if !e.siteless {
		ctx, told, err := e.server.directory.Consistent(r.Context(), r.Header[consistency])
		if err != nil {
			return err
		}
		x.told = told
		if ctx != r.Context() {
			r = r.WithContext(ctx)
		}
	}
	if err := e.server.limitBody(x, r, e.route.MaxBody); err != nil {
		return err
	}
	if err := e.face.Identify(r, &x.call); err != nil {
		return err
	}
	if err := access.Admit(e.route.Permission, x.call.Who); err != nil {
		return err
	}
	if !x.call.Who.Session.IsZero() {
		r = r.WithContext(x.call.Site.Acting(r.Context(), x.call.Who))
	}
	return e.route.Handle(x, r, &x.call)
}

func (s *Server) findSite(x *exchange, r *http.Request) (err error) {
	x.call.Site, x.call.Identity, err = s.directory.SiteAt(r.Context(), r.Host)
	return err
}

// limitBody refuses a body that says it is too large, and stops one that
// turns out to be. The route's own limit, if it has one, goes before the
// server's.
func (s *Server) limitBody(x *exchange, r *http.Request, limit int64) error {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	orElse(&limit, s.limits.Body)
	if r.ContentLength > limit {
		return profile.E(profile.TooLarge, profile.CodeTooLarge, "", "the body is larger than %d bytes", limit)
	}
	r.Body = http.MaxBytesReader(x.ResponseWriter, r.Body, limit)
	return nil
}

// recovered answers a request whose handler panicked, in the face's own form.
func (s *Server) recovered(x *exchange, r *http.Request, p any) {
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		x.broken = true
		return
	}
	s.logPanic(x, p)
	x.fail(r, &profile.Error{Kind: profile.Internal, Code: profile.CodeInternal, Message: "internal error", Err: errPanic})
}

var errPanic = errors.New("the handler panicked")
