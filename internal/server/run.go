package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Listeners are the open sockets that Run serves on and closes.
type Listeners struct {
	API     net.Listener
	Metrics net.Listener // nil: metrics are not served
}

// Run serves until ctx ends, then drains: readiness turns 503, no new
// connection is taken, and requests in flight have Limits.Drain to finish. The
// metrics listener, which also answers /healthz and /readyz, stays until then.
// It returns nil when all finished, and an error when serving failed or
// requests had to be cut off.
func (s *Server) Run(ctx context.Context, on Listeners) error {
	api := s.httpServer(s)
	side := s.httpServer(s.sideMux())
	failed := make(chan error, 2)
	go func() { failed <- api.Serve(on.API) }()
	if on.Metrics != nil {
		go func() { failed <- side.Serve(on.Metrics) }()
	}
	defer side.Close()

	select {
	case err := <-failed:
		_ = api.Close()
		return err
	case <-ctx.Done():
	}
	s.draining.Store(true)
	close(s.ending)
	s.log.Warn("draining")
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.limits.Drain)
	defer cancel()
	if err := api.Shutdown(bounded); err != nil {
		_ = api.Close()
		return errors.New("requests still in flight were cut off")
	}
	return nil
}

func (s *Server) httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: s.limits.ReadHeader,
		ReadTimeout:       s.limits.Read,
		WriteTimeout:      s.limits.Write,
		IdleTimeout:       s.limits.Idle,
		MaxHeaderBytes:    s.limits.Header,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug), // addresses of broken clients
	}
}

// sideMux is what the metrics listener answers.
func (s *Server) sideMux() http.Handler {
	mux := http.NewServeMux()
	if s.registry != nil {
		mux.Handle("GET /metrics", promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{}))
	}
	mux.Handle("GET /healthz", s)
	mux.Handle("GET /readyz", s)
	return mux
}
