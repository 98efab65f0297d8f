package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
)

// create measures durable creates.
func (b *bench) create(ctx context.Context) (err error) {
	if err := b.sameRows(ctx); err != nil {
		return err
	}
	ours, err := b.serve(ctx, "create", faces()...)
	if err != nil {
		return err
	}
	defer func() { err = closeWith(err, ours.close) }()
	bare, address, stop, err := b.serveBareWriter(ctx, "create-bare")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(closeWith(err, stop), bare.close()) }()

	baseline := "a net/http handler over a loop that inserts the same rows, commits for all that wait, and checks nothing"
	if b.store == onPostgres {
		baseline = "a net/http handler that sends the same rows by pgx as one pipelined transaction, and checks nothing"
	}
	next := int64(1)
	for _, connections := range []int{16, 64} {
		f := figure{Name: fmt.Sprintf("durable entity.create, %d connections", connections), Target: 0.5, Baseline: baseline}
		request := func(at string, run int) job {
			j := createJob(connections, b.creates, next+int64(run*b.creates))
			j.Address = at
			return j
		}
		err := b.compare(ctx, f, func(run int) job { return request(ours.address, run) }, func(run int) job { return request(address, run) })
		if err != nil {
			return err
		}
		next += int64(b.runs * b.creates)
	}
	return nil
}

// bareCreates is the baseline of creates, on a database of its own.
type bareCreates interface {
	http.Handler
	close() error
}

// serveBareWriter makes an installation like ours and serves the baseline on it.
func (b *bench) serveBareWriter(ctx context.Context, name string) (bareCreates, string, func() error, error) {
	in, err := b.install(ctx, name, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, "", nil, err
	}
	if err := in.Close(); err != nil {
		return nil, "", nil, err
	}
	var w bareCreates
	if b.store == onPostgres {
		w, err = openBarePool(ctx, b.urls[name])
	} else {
		w, err = openBare(ctx, filepath.Join(b.folder, b.store, name))
	}
	if err != nil {
		return nil, "", nil, err
	}
	address, stop, err := serveBare(w.ServeHTTP)
	if err != nil {
		return nil, "", nil, errors.Join(err, w.close())
	}
	return w, address, stop, nil
}

// sameRows makes sure that both sides write rows of the same kinds, and as
// many, for the same requests.
func (b *bench) sameRows(ctx context.Context) error {
	const creates = 100
	j := createJob(8, creates, 1)
	ours, err := b.rowsAdded(ctx, "rows", func() error {
		s, err := b.serve(ctx, "rows", faces()...)
		if err != nil {
			return err
		}
		j.Address = s.address
		_, err = b.load.do(j)
		return closeWith(err, s.close)
	})
	if err != nil {
		return err
	}
	bare, err := b.rowsAdded(ctx, "rows-bare", func() error {
		w, address, stop, err := b.serveBareWriter(ctx, "rows-bare")
		if err != nil {
			return err
		}
		j.Address = address
		_, err = b.load.do(j)
		return errors.Join(err, stop(), w.close())
	})
	if err != nil {
		return err
	}
	return sameKinds(ours, bare)
}

// rowsAdded counts what fn adds to a new data folder.
func (b *bench) rowsAdded(ctx context.Context, name string, fn func() error) (map[string]int, error) {
	in, err := b.install(ctx, name, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	if err := in.Close(); err != nil {
		return nil, err
	}
	before, err := b.rowsOf(ctx, name)
	if err != nil {
		return nil, err
	}
	if err := fn(); err != nil {
		return nil, err
	}
	after, err := b.rowsOf(ctx, name)
	for kind, n := range before {
		if after[kind] -= n; after[kind] == 0 {
			delete(after, kind)
		}
	}
	return after, err
}

// sameKinds compares the kinds of rows of ours and of the baseline.
func sameKinds(ours, bare map[string]int) error {
	var differences []string
	for kind, n := range ours {
		if bare[kind] != n {
			differences = append(differences, fmt.Sprintf("%d of ours, %d of the baseline: %s", n, bare[kind], kind))
		}
	}
	for kind, n := range bare {
		if _, ok := ours[kind]; !ok {
			differences = append(differences, fmt.Sprintf("none of ours, %d of the baseline: %s", n, kind))
		}
	}
	if differences == nil {
		return nil
	}
	slices.Sort(differences)
	err := fmt.Errorf("the baseline does not write what we write, %d differences", len(differences))
	for _, d := range differences[:min(len(differences), 10)] {
		err = fmt.Errorf("%w\n  %s", err, d)
	}
	return err
}
