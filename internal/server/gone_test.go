package server_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"facet/internal/face"
	"facet/internal/server"
)

func TestAClientThatWentAwayIsNoErrorOfOurs(t *testing.T) {
	log := new(strings.Builder)
	l, flush := server.NewLog(log, slog.LevelInfo)
	f := &waiting{posing: posing{Face: faces()[0]}}
	s := newServer(t, server.Config{Directory: newDirectory(t), Faces: []face.Face{f}, Log: l})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/api/auth", nil)
	r.Host = "shop.example"
	s.ServeHTTP(httptest.NewRecorder(), r)
	flush()
	if text := log.String(); !strings.Contains(text, `"code":"gone"`) || strings.Contains(text, `"level":"ERROR"`) {
		t.Errorf("logged: %s", text)
	}
}

// waiting is a face whose handlers end when their context does.
type waiting struct{ posing }

func (f *waiting) Routes() []face.Route {
	routes := f.posing.Routes()
	for i := range routes {
		routes[i].Handle = func(_ http.ResponseWriter, r *http.Request, _ *face.Call) error {
			<-r.Context().Done()
			return r.Context().Err()
		}
	}
	return routes
}
