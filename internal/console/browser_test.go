package console_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"facet/internal/face/appdata"
	"facet/internal/face/cloudillo"
	"facet/internal/face/djaoapp"
	"facet/internal/face/entity"
	"facet/internal/face/household"
	"facet/internal/facetest"
)

// service is a demo site with every face.
func service(t testing.TB) *facetest.Service {
	t.Helper()
	return facetest.New(t, djaoapp.New(), entity.New(), cloudillo.New(), household.New(), appdata.New())
}

// browser is a headless Chromium with one tab.
type browser struct {
	t   testing.TB
	s   *facetest.Service
	ctx context.Context

	mu   sync.Mutex
	says []string // errors of the console, what scripts threw
}

// chromium finds the browser; scripts/deps installs it.
func chromium(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("there is no Chromium: run make deps")
	return ""
}

// open starts a browser that ends with the test.
func open(t testing.TB, s *facetest.Service) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("force-prefers-reduced-motion", true),
		chromedp.Flag("lang", "en-US"), chromedp.WSURLReadTimeout(time.Minute))
	allocated, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocated, chromedp.WithErrorf(func(string, ...any) {})) // of events that are newer than it
	t.Cleanup(cancel)
	b := &browser{t: t, s: s, ctx: ctx}
	chromedp.ListenTarget(ctx, b.listen)
	b.run(chromedp.Navigate("about:blank"))
	return b
}

// listen notes what the browser complains of. An answer with a status over 399
// is no fault of a page: forms are answered so.
func (b *browser) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.says = append(b.says, "threw: "+e.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning {
			for _, a := range e.Args {
				b.says = append(b.says, fmt.Sprintf("console.%s: %s %s", e.Type, a.Value, a.Description))
			}
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.LevelError && !strings.Contains(e.Entry.Text, "the server responded with a status of 4") {
			b.says = append(b.says, e.Entry.Text+" "+e.Entry.URL)
		}
	case *page.EventJavascriptDialogOpening:
		go func() { _ = chromedp.Run(b.ctx, page.HandleJavaScriptDialog(true)) }()
	}
}

// quiet fails the test when the browser complained.
func (b *browser) quiet(at string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, said := range b.says {
		b.t.Errorf("%s: the browser says: %s", at, said)
	}
	b.says = nil
}

func (b *browser) run(actions ...chromedp.Action) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	if b.ctx == nil {
		b.t.Fatal("no browser")
	}
	defer cancel()
	if chromedp.FromContext(b.ctx).Target == nil { // the first: a timeout would end the browser
		ctx = b.ctx
	}
	if err := chromedp.Run(ctx, actions...); err != nil {
		b.t.Fatalf("%v\n%s", err, b.text("body"))
	}
}

// text is what an element says, "" where there is none.
func (b *browser) text(selector string) (out string) {
	quoted, _ := json.Marshal(selector)
	_ = chromedp.Run(b.ctx, chromedp.Evaluate(`document.querySelector(`+string(quoted)+`)?.innerText ?? ""`, &out))
	return out
}

// at opens a page of the console.
func (b *browser) at(path string) *browser {
	b.t.Helper()
	b.run(chromedp.Navigate(b.s.URL + path))
	return b
}

// follow does what leads to another page, and waits until that has loaded.
func (b *browser) follow(actions ...chromedp.Action) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, actions...); err != nil {
		b.t.Fatalf("%v\n%s", err, b.text("body"))
	}
}

// sees waits for a text on the page.
func (b *browser) sees(text string) *browser {
	b.t.Helper()
	quoted, _ := json.Marshal(text)
	b.run(chromedp.Poll(`document.body.innerText.includes(`+string(quoted)+`)`, nil, chromedp.WithPollingTimeout(20*time.Second)))
	return b
}

// fill types over what an input has.
func (b *browser) fill(selector, text string) *browser {
	b.t.Helper()
	quoted, _ := json.Marshal(selector)
	b.run(chromedp.WaitVisible(selector, chromedp.ByQuery), chromedp.Evaluate(`document.querySelector(`+string(quoted)+`).value = ""`, nil),
		chromedp.SendKeys(selector, text, chromedp.ByQuery))
	return b
}

// signIn signs a demo user in.
func (b *browser) signIn(user string) *browser {
	b.t.Helper()
	b.at("/console")
	b.fill("#login", user).fill("#password", facetest.Password)
	b.follow(chromedp.Click(".door button", chromedp.ByQuery))
	return b
}

func (b *browser) click(selector string) *browser {
	b.t.Helper()
	b.run(chromedp.Click(selector, chromedp.ByQuery))
	return b
}

// axe looks for what shuts people out (Web Content Accessibility Guidelines 2.2,
// A and AA), by the rules of axe-core.
func (b *browser) axe(at string) {
	b.t.Helper()
	script, err := os.ReadFile(filepath.Join("..", "..", "e2e", "testdata", "clients", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		b.t.Fatal("axe-core is missing: run make deps")
	}
	var found []string
	b.run(chromedp.Evaluate(string(script)+";0", nil), chromedp.Evaluate(`axe.run(document, {resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).then(
		r => r.violations.flatMap(v => v.nodes.map(n => v.id + ": " + n.html.slice(0, 200) + " " + n.any.concat(n.all, n.none).map(c => c.message).join("; ").slice(0, 300))))`,
		&found, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	for _, f := range found {
		b.t.Errorf("%s: %s", at, f)
	}
}

// wide sets the size of the window, in CSS pixels, and the theme.
func (b *browser) wide(width, height int, dark bool) {
	b.t.Helper()
	theme := "light"
	if dark {
		theme = "dark"
	}
	b.run(chromedp.EmulateViewport(int64(width), int64(height)),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"}}))
}

// shot keeps a picture of the page where the environment says so (make shots).
func (b *browser) shot(name string) {
	b.t.Helper()
	dir := os.Getenv("FACET_SHOTS")
	if dir == "" {
		return
	}
	var shot []byte
	b.run(chromedp.CaptureScreenshot(&shot))
	picture, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		b.t.Fatal(err)
	}
	file, err := os.Create(filepath.Join(dir, name+".png"))
	if err != nil {
		b.t.Fatal(err)
	}
	small := png.Encoder{CompressionLevel: png.BestCompression}
	if err := errors.Join(small.Encode(file, paletted(picture)), file.Close()); err != nil {
		b.t.Fatal(err)
	}
}

// paletted is a picture in the 256 colours that it has most of: a page has few.
func paletted(in image.Image) image.Image {
	count := map[color.Color]int{}
	for y := range in.Bounds().Dy() {
		for x := range in.Bounds().Dx() {
			count[in.At(x, y)]++
		}
	}
	all := slices.SortedFunc(maps.Keys(count), func(a, b color.Color) int { return count[b] - count[a] })
	out := image.NewPaletted(in.Bounds(), all[:min(256, len(all))])
	draw.Draw(out, in.Bounds(), in, in.Bounds().Min, draw.Src)
	return out
}
