package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sys/unix"

	"facet/internal/config"
	"facet/internal/face"
	"facet/internal/face/djaoapp"
	"facet/internal/face/entity"
	"facet/internal/server"
)

// The demo site's API client (the Basic header that the Entity API prints).
const (
	clientID     = "sgnyvus6pc4jm7khr2neq5gs89gbr2eq"
	clientSecret = "wt4c3un9wkkcfvyknqx44ync476afs68"
)

var (
	basic    = "Basic " + base64.StdEncoding.EncodeToString([]byte(clientID+":"+clientSecret))
	loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})
)

// service is a running Facet with the demo site, as `facet serve --demo`
// builds it.
type service struct {
	*config.Installation
	address string
	close   func() error
}

// install makes a data folder with the demo site in it.
func (b *bench) install(ctx context.Context, name string, log *slog.Logger) (*config.Installation, error) {
	data, err := b.data(ctx, name)
	if err != nil {
		return nil, err
	}
	in, err := data.Open(ctx, log)
	if err != nil {
		return nil, err
	}
	if _, err := in.Directory.SeedDemo(ctx, "http://127.0.0.1"); err != nil {
		return nil, errors.Join(err, in.Close())
	}
	return in, nil
}

// serve opens a data folder and answers on a port of its own.
func (b *bench) serve(ctx context.Context, name string, faces ...face.Face) (*service, error) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	log, flush := server.NewLog(null, slog.LevelInfo)
	in, err := b.install(ctx, name, log)
	if err != nil {
		return nil, err
	}
	s := &service{Installation: in}
	stop, err := s.answer(ctx, log, faces)
	s.close = func() error {
		if stop != nil {
			err = stop()
		}
		flush()
		return errors.Join(err, in.Close(), null.Close())
	}
	if err != nil {
		return nil, s.close()
	}
	return s, nil
}

// answer serves an installation with some faces.
func (s *service) answer(ctx context.Context, log *slog.Logger, faces []face.Face) (stop func() error, err error) {
	srv, err := server.New(server.Config{Directory: s.Directory, Log: log, Metrics: prometheus.NewRegistry(), Version: "bench", Faces: faces})
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.address = l.Addr().String()
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- srv.Run(ctx, server.Listeners{API: l}) }()
	return func() error {
		cancel()
		return <-ended
	}, nil
}

// serveBare answers with one handler and nothing round it.
func serveBare(h http.HandlerFunc) (address string, stop func() error, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.Serve(l) }() // ends with ErrServerClosed
	return l.Addr().String(), s.Close, nil
}

// faces are those that Facet serves.
func faces() []face.Face { return []face.Face{djaoapp.New(), entity.New()} }

// post is the head of a form request; length is that of the body.
func post(path string, length int) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n",
		path, basic, length)
}

// counter stands in a template where the generator puts its number.
const counter = "NUMBER"

// createJob sends entity.create requests.
func createJob(connections, requests int, first int64) job {
	body := "type_name=user&attributes=" + url.QueryEscape(attributes)
	parts := strings.Split(body, counter)
	length := len(body) - (len(parts)-1)*(len(counter)-digits)
	return job{Connections: connections, Requests: requests, Head: post("/entity.create", length), Parts: parts, First: first,
		Status: http.StatusOK, Suffix: `"stat":"ok"}`}
}

// compare runs ours and the baseline in turn and keeps the figure.
func (b *bench) compare(ctx context.Context, f figure, ours, bare func(run int) job) error {
	for run := range b.runs {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := b.measure(&f.Ours, ours(run), b.profile); err != nil {
			return fmt.Errorf("%s: ours: %w", f.Name, err)
		}
		f.Memory = resident()
		if err := b.measure(&f.Bare, bare(run), ""); err != nil {
			return fmt.Errorf("%s: baseline: %w", f.Name, err)
		}
	}
	b.note("%s: %s a second, baseline %s, ratio %.2f", f.Name, f.Ours.spread(), f.Bare.spread(), f.ratio())
	b.keep(f)
	return nil
}

// keep adds a figure of the store that is measured.
func (b *bench) keep(f figure) {
	f.Store = b.store
	b.figures = append(b.figures, f)
}

// measure does one run; with a profile its samples replace those of the run
// before.
func (b *bench) measure(into *series, j job, profile string) error {
	stop, err := startProfile(profile)
	if err != nil {
		return err
	}
	defer stop()
	before, err := cpuTime()
	if err != nil {
		return err
	}
	r, err := b.load.do(j)
	if err != nil {
		return err
	}
	after, err := cpuTime()
	r.Count, r.Total = r.Count*max(j.Rows, 1), r.Total*max(j.Rows, 1)
	into.add(r, after-before)
	return err
}

// startProfile begins a CPU profile, where a file is named, until stop is called.
func startProfile(file string) (stop func(), err error) {
	if file == "" {
		return func() {}, nil
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close() // a profile is for reading, and shows what it lacks
	}, nil
}

// cpuTime is what this process has used: the server, not the generator.
func cpuTime() (time.Duration, error) {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0, err
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}
