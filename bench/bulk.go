package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// bulkRows is how many records one entity.bulkCreate makes.
const bulkRows = 1000

// bulk measures entity.bulkCreate beside single creates, both of one
// connection and of the same records.
func (b *bench) bulk(ctx context.Context) (err error) {
	s, err := b.serve(ctx, "bulk", faces()...)
	if err != nil {
		return err
	}
	defer func() { err = closeWith(err, s.close) }()
	f := figure{Name: fmt.Sprintf("records of entity.bulkCreate, %d a call, 1 connection", bulkRows), Target: 10,
		Baseline: "records of durable entity.create, 1 connection"}
	calls, singles := b.creates/bulkRows, b.creates/5
	next := int64(1)
	before, err := s.users(ctx)
	if err != nil {
		return err
	}
	first := func(requests int) int64 {
		next += int64(requests)
		return next - int64(requests)
	}
	err = b.compare(ctx, f,
		func(int) job { return bulkJob(calls, first(calls)).at(s.address)(0) },
		func(int) job { return createJob(1, singles, first(singles)).at(s.address)(0) })
	if err != nil {
		return err
	}
	after, err := s.users(ctx)
	if want := before + b.runs*(calls*bulkRows+singles); err == nil && after != want {
		err = fmt.Errorf("%d users are there, not %d: rows were refused", after, want)
	}
	return err
}

// bulkJob sends entity.bulkCreate requests of bulkRows records each.
func bulkJob(requests int, first int64) job {
	var rows strings.Builder
	for i := range bulkRows {
		rows.WriteByte("[,"[min(i, 1)])
		rows.WriteString(strings.ReplaceAll(attributes, counter, fmt.Sprintf("%s-%03d", counter, i)))
	}
	rows.WriteByte(']')
	body := "type_name=user&all_attributes=" + url.QueryEscape(rows.String())
	parts := strings.Split(body, counter)
	length := len(body) - (len(parts)-1)*(len(counter)-digits)
	return job{Connections: 1, Requests: requests, Head: post("/entity.bulkCreate", length), Parts: parts, First: first,
		Status: http.StatusOK, Suffix: `],"stat":"ok"}`, Rows: bulkRows}
}

// users counts the users of the demo site.
func (s *service) users(ctx context.Context) (n int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.address+"/entity.count?type_name=user", http.NoBody)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", basic)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	if _, err := fmt.Sscanf(string(body), `{"total_count":%d,`, &n); err != nil {
		return 0, fmt.Errorf("entity.count answered %s", body)
	}
	return n, nil
}
