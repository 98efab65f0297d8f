package entity_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"facet/internal/face"
	"facet/internal/face/entity"
	"facet/internal/server"
)

// sink is a ResponseWriter that keeps nothing but the length.
type sink struct {
	header http.Header
	n      int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(int)             {}
func (s *sink) Write(b []byte) (int, error) { s.n += len(b); return len(b), nil }

// BenchmarkReadByUUID is entity with the whole stack below net/http: server,
// face, directory, SQLite.
func BenchmarkReadByUUID(b *testing.B) {
	s := start(b)
	uuid := s.create(b, printedAttributes)
	handler, err := server.New(server.Config{Directory: s.Directory, Faces: []face.Face{entity.New()}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	const size = 5000 // about what a user with few attributes reads as
	body := form("type_name", "user", "uuid", uuid)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		read := strings.NewReader(body)
		r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/entity", io.NopCloser(read))
		r.Header.Set("Authorization", printedAuth)
		r.Header.Set("Content-Type", formType)
		r.ContentLength = int64(len(body))
		raw := r.Body
		for pb.Next() {
			read.Reset(body)
			r.Body = raw
			w := &sink{header: http.Header{}}
			handler.ServeHTTP(w, r)
			if w.n < 500 || w.n > size {
				b.Fatalf("%d bytes", w.n)
			}
		}
	})
}

// BenchmarkReadOverHTTP is the same over a socket, and its baseline: a bare
// handler that writes the same bytes.
func BenchmarkReadOverHTTP(b *testing.B) {
	s := start(b)
	uuid := s.create(b, printedAttributes)
	answer := s.user(b, uuid).Body
	bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer)
	}))
	defer bare.Close()
	body := form("type_name", "user", "uuid", uuid)
	for _, at := range []struct{ name, url string }{{"facet", s.URL}, {"bare", bare.URL}} {
		b.Run(at.name, func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4, DisableCompression: true}}
				for pb.Next() {
					r, err := http.NewRequest(http.MethodPost, at.url+"/entity", strings.NewReader(body))
					if err != nil {
						b.Fatal(err)
					}
					r.Header.Set("Authorization", printedAuth)
					r.Header.Set("Content-Type", formType)
					resp, err := client.Do(r)
					if err != nil {
						b.Fatal(err)
					}
					n, _ := io.Copy(io.Discard, resp.Body)
					_ = resp.Body.Close()
					if n != int64(len(answer)) {
						b.Fatalf("%d bytes", n)
					}
				}
			})
		})
	}
}
