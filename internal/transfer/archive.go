package transfer

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"facet/internal/directory"
)

// Archive writes everything that is held about a subject, by uuid, number, slug
// or e-mail, as a tar archive. Errors: NotFound.
func Archive(ctx context.Context, site *directory.Site, w io.Writer, whom string) error {
	d, err := site.DossierOf(ctx, whom)
	if err != nil {
		return err
	}
	return writeDossier(ctx, d, w)
}

// writeDossier writes a dossier: about.json, the records as exports have them,
// links.jsonl, history.jsonl, proofs.json, and the pictures in files/.
func writeDossier(ctx context.Context, d *directory.Dossier, w io.Writer) error {
	a := &dossierWriter{tar: tar.NewWriter(w), at: d.About.Created}
	if err := a.add("about.json", encode(d.About)); err != nil {
		return err
	}
	err := d.Records(ctx, func(r *directory.ImportRecord) error { return a.line("records", encode(recordOf(r))) })
	if err == nil {
		err = d.Links(ctx, func(l *directory.DossierLink) error { return a.line("links", encode(l)) })
	}
	if err == nil {
		err = d.History(ctx, func(v *directory.DossierVersion) error { return a.line("history", encode(v)) })
	}
	if err == nil {
		err = a.flush()
	}
	if err != nil {
		return err
	}
	proofs, err := d.Proofs(ctx)
	if err != nil {
		return err
	}
	if err := a.add("proofs.json", encode(proofs)); err != nil {
		return err
	}
	err = d.Files(ctx, func(key string, f directory.File) error {
		return a.copy("files/"+strings.ReplaceAll(key, "~", "-")+endingOf(f.Media), f.Size, f.Content)
	})
	if err != nil {
		return err
	}
	return a.tar.Close()
}

// endingOf is the ending of a file's name by its media type.
func endingOf(media string) string {
	if kind, ok := strings.CutPrefix(media, "image/"); ok && kind != "" {
		return "." + kind
	}
	return ""
}

// linesPart is the most bytes of one file of lines: what is kept in memory. A
// list that is longer goes on in NAME-2.jsonl.
const linesPart = 4 << 20

// dossierWriter writes the files of a dossier, one after the other.
type dossierWriter struct {
	tar  *tar.Writer
	at   time.Time
	name string // of the list that is being gathered
	part int
	rows bytes.Buffer
}

func (a *dossierWriter) line(list string, line []byte) error {
	if list != a.name || a.rows.Len()+len(line) > linesPart {
		if err := a.flush(); err != nil {
			return err
		}
		if list != a.name {
			a.name, a.part = list, 0
		}
	}
	a.rows.Write(line)
	a.rows.WriteByte('\n')
	return nil
}

func (a *dossierWriter) flush() error {
	if a.rows.Len() == 0 {
		return nil
	}
	a.part++
	name := a.name + ".jsonl"
	if a.part > 1 {
		name = fmt.Sprintf("%s-%d.jsonl", a.name, a.part)
	}
	err := a.add(name, a.rows.Bytes())
	a.rows.Reset()
	return err
}

func (a *dossierWriter) add(name string, content []byte) error {
	return a.copy(name, int64(len(content)), bytes.NewReader(content))
}

func (a *dossierWriter) copy(name string, size int64, r io.Reader) error {
	if err := a.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: a.at}); err != nil {
		return err
	}
	_, err := io.Copy(a.tar, r)
	return err
}
