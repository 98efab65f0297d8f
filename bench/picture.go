package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"facet/internal/directory"
	"facet/internal/face/cloudillo"
	"facet/internal/profile"
)

const (
	pictureWidth, pictureHeight = 4000, 3000 // of twelve megapixels, as telephones make them
	pictureUploads              = 4          // of a run
	picturesAtOnce              = 8          // as many as a face receives at a time
)

// picture measures uploads of photographs, which are decoded, scaled to five
// sizes, encoded and stored, beside a handler that decodes the same; and the
// memory that as many at once take as a face lets in.
func (b *bench) picture(ctx context.Context) (err error) {
	s, err := b.serve(ctx, "picture", cloudillo.New())
	if err != nil {
		return err
	}
	defer func() { err = closeWith(err, s.close) }()
	site, err := s.Directory.SiteNamed(ctx, "demo")
	if err != nil {
		return err
	}
	in, err := site.Login(ctx, directory.Credentials{Login: checkUser, Password: checkPassword, Spaces: []profile.Space{profile.Slug}}, directory.Exchanged)
	if err != nil {
		return err
	}
	address, stop, err := serveBare(func(w http.ResponseWriter, r *http.Request) {
		if _, err := jpeg.Decode(r.Body); err != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
	})
	if err != nil {
		return err
	}
	defer func() { err = closeWith(err, stop) }()
	p := pictures{token: in.Token}
	for i := range p.files { // in turn, so that each is written anew
		if p.files[i], err = photograph(i); err != nil {
			return err
		}
	}
	f := figure{Name: "upload of a JPEG of 12 megapixels, 1 connection", Baseline: "a net/http handler that receives and decodes it"}
	for range b.runs {
		if err := p.run(ctx, &f.Ours, s.address); err != nil {
			return fmt.Errorf("%s: ours: %w", f.Name, err)
		}
		if err := p.run(ctx, &f.Bare, address); err != nil {
			return fmt.Errorf("%s: baseline: %w", f.Name, err)
		}
	}
	b.note("%s (%d KB): %s a second, baseline %s, ratio %.2f", f.Name, len(p.files[0])>>10, f.Ours.spread(), f.Bare.spread(), f.ratio())
	b.keep(f)
	one, err := p.memory(ctx, s.address, 1)
	if err != nil {
		return err
	}
	many, err := p.memory(ctx, s.address, picturesAtOnce)
	if err != nil {
		return err
	}
	b.note("memory of an upload: %d MB more at its highest; of %d at once, %d MB", one>>20, picturesAtOnce, many>>20)
	return nil
}

// pictures sends photographs as somebody.
type pictures struct {
	token string
	files [2][]byte
	next  atomic.Int64
}

func (p *pictures) send(ctx context.Context, address string) error {
	body := p.files[int(p.next.Add(1))%len(p.files)]
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://"+address+"/api/me/image", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+p.token)
	r.Header.Set("Content-Type", "image/jpeg")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	answer, err := io.ReadAll(resp.Body)
	err = errors.Join(err, resp.Body.Close())
	if err == nil && resp.StatusCode == http.StatusServiceUnavailable { // others had the memory for too long
		return p.send(ctx, address)
	}
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.300s", resp.Status, answer)
	}
	return err
}

// run sends some one after the other. The processor's time is that of this
// process, which sends them too.
func (p *pictures) run(ctx context.Context, into *series, address string) error {
	latency := &histogram{}
	before, err := cpuTime()
	if err != nil {
		return err
	}
	begin := time.Now()
	for range pictureUploads {
		one := time.Now()
		if err := p.send(ctx, address); err != nil {
			return err
		}
		latency.add(time.Since(one))
	}
	took := time.Since(begin)
	after, err := cpuTime()
	into.add(result{Count: pictureUploads, Total: pictureUploads, Took: took, Latency: latency}, after-before)
	return err
}

// memory is how much more of the heap is in use while n are sent at once.
func (p *pictures) memory(ctx context.Context, address string, n int) (more int64, err error) {
	before, peak := heapInUse(), int64(0)
	done, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		for tick := time.NewTicker(5 * time.Millisecond); ; {
			select {
			case <-done:
				tick.Stop()
				return
			case <-tick.C:
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak = max(peak, int64(m.HeapInuse))
		}
	}()
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = p.send(ctx, address) })
	}
	all.Wait()
	close(done)
	<-watched
	return max(0, peak-before), errors.Join(errs...)
}

// photograph is a JPEG with soft shapes and the noise of a sensor.
func photograph(n int) ([]byte, error) {
	img := image.NewYCbCr(image.Rect(0, 0, pictureWidth, pictureHeight), image.YCbCrSubsampleRatio420)
	noise := uint32(n + 1)
	for i := range img.Y {
		noise = noise*1664525 + 1013904223
		x, y := i%img.YStride, i/img.YStride
		img.Y[i] = uint8(x/24 + y/32 + int(noise>>29))
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = uint8(100+i%img.CStride*40/img.CStride), uint8(120+i/img.CStride*30/pictureHeight)
	}
	var b bytes.Buffer
	err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 90})
	return b.Bytes(), err
}
