package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

const (
	stormConns = 1000
	stormReads = 4               // connections that read meanwhile
	calmAgain  = 3               // times the quiet p99 that reads may take
	stormHead  = 1 * time.Second // of the storm, before reads are measured
)

// storm measures reads while a thousand connections log in, as fast as they are
// let, beside the same reads while nobody does.
func (b *bench) storm(ctx context.Context) (err error) {
	s, err := b.serve(ctx, "storm", faces()...)
	if err != nil {
		return err
	}
	defer func() { err = closeWith(err, s.close) }()
	ids, err := b.loadRecords(ctx, s, nil, b.fewCount)
	if err != nil {
		return err
	}
	other, err := startGenerator(ctx)
	if err != nil {
		return err
	}
	defer other.stop()
	var bodies, people []string
	for _, id := range ids[:min(len(ids), b.hotSet)] {
		bodies = append(bodies, "uuid="+id.String()+"&type_name=user")
	}
	for _, u := range []string{"donny", "alice", "casey"} { // of one length
		people = append(people, fmt.Sprintf(`{"username":%q,"password":%q}`, u, checkPassword))
	}
	reads := job{Address: s.address, Connections: stormReads, Warm: b.warm, Measure: b.length, Head: post("/entity", len(bodies[0])), Bodies: bodies,
		Status: http.StatusOK, Suffix: `"stat":"ok"}`}
	logIns := job{Address: s.address, Connections: stormConns, Measure: stormHead + b.warm + b.length + time.Second, Status: http.StatusCreated, Busy: true, Bodies: people,
		Head: fmt.Sprintf("POST /api/auth HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", len(people[0]))}

	f := figure{Name: fmt.Sprintf("read by uuid, %d connections, while %d log in", stormReads, stormConns), Baseline: "the same reads while nobody logs in"}
	before, most := resident(), int64(0)
	in, refused := 0, 0
	for range b.runs {
		if err := b.measure(&f.Bare, reads, ""); err != nil {
			return err
		}
		done := make(chan error, 1)
		go func() {
			r, err := other.do(logIns)
			in, refused = in+r.Count, refused+r.Busy
			done <- err
		}()
		select {
		case <-time.After(stormHead):
		case <-ctx.Done():
		}
		err := b.measure(&f.Ours, reads, b.profile)
		most = max(most, resident())
		if err = errors.Join(err, <-done, ctx.Err()); err != nil {
			return err
		}
	}
	quiet, stormy := median(f.Bare.P99), median(f.Ours.P99)
	b.note("%s: p99 %.1f ms, quiet %.1f ms, %.1f times (goal %d); %d log-ins, %d told to come back; resident memory %d MiB before, %d MiB in the storm",
		f.Name, stormy, quiet, stormy/quiet, calmAgain, in, refused, before>>20, most>>20)
	f.Memory = most
	b.keep(f)
	return nil
}
