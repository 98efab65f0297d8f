package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/media"
	"facet/internal/profile"
	"facet/internal/store"
)

// A file is a row with the key f1~… whose meta holds the descriptor of its
// variants, and for each of those a row with the key b1~… that tells where its
// bytes lie. Every use of a file is a use of each of its variants too, so that
// the last one ends them all.
//
// Bytes are never written to a place that was used before, and a job that
// deletes them is noted before they are: whatever of a crash, of two who send
// the same picture, or of one who sends what another has just given up, leaves
// bytes that no row tells of, that job finds them.

// fileMeta is the meta of a file's row.
type fileMeta struct {
	Width      int          `json:"width"` // pixels
	Height     int          `json:"height"`
	Place      string       `json:"place,omitempty"`      // of the bytes; "": the key itself
	Descriptor string       `json:"descriptor,omitempty"` // of the variants: there are no bytes but theirs
	Preset     media.Preset `json:"preset,omitempty"`
}

func metaOf(raw []byte) (m fileMeta) {
	_ = json.Unmarshal(raw, &m) // ours, or of an import: then there is nothing to read
	return m
}

func lies(key string, raw []byte) string {
	if place := metaOf(raw).Place; place != "" {
		return place
	}
	return key
}

// PlaceOf tells where the bytes of a stored file lie, by its row: "" for one that
// has none but those of its variants, which have rows of their own.
func PlaceOf(key string, meta []byte) string {
	if metaOf(meta).Descriptor != "" {
		return ""
	}
	return lies(key, meta)
}

const (
	// storing bounds how long a picture may take from its first byte to the
	// commit that tells of it; strayAfter is when its bytes are looked for
	// that no commit told of.
	storing    = 10 * time.Minute
	strayAfter = time.Hour
)

// errStray tells that a file is gone that was to be used again: it must be
// written once more.
var errStray = errors.New("directory: a file went while it was to be used")

// putFile makes the variants of a picture and stores them; use then makes the
// change that uses the file, in whose transaction it calls note.
func (s *Site) putFile(ctx context.Context, preset media.Preset, data []byte, use func(ctx context.Context, key string, note func(store.Tx) error) error) (key string, err error) {
	if s.d.media == nil {
		return "", noMedia()
	}
	made, err := s.d.pictures.Render(ctx, data, preset)
	if err != nil {
		return "", err
	}
	ctx, stop := context.WithTimeout(ctx, storing)
	defer stop()
	for {
		places, err := s.writeFiles(ctx, made)
		if err == nil {
			err = use(ctx, made.Key, func(tx store.Tx) error { return s.noteFile(tx, made, preset, places) })
		}
		if err == nil {
			return made.Key, nil
		}
		for key, place := range places {
			err = errors.Join(err, s.d.dropPlace(context.WithoutCancel(ctx), s.id, key, place))
		}
		if !errors.Is(err, errStray) {
			return "", err
		}
	}
}

// writeFiles writes those variants that are not stored yet, and gives their
// places by key. The jobs that look after them are written first.
func (s *Site) writeFiles(ctx context.Context, made media.Rendition) (places map[string]string, err error) {
	places = map[string]string{}
	err = s.data.View(ctx, func(r store.Reader) error {
		for key := range made.Data {
			if _, err := r.Blob(key); profile.IsKind(err, profile.NotFound) {
				places[key] = key + "." + credential.NewAlnum(12)
			} else if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || len(places) == 0 {
		return nil, err
	}
	now := s.d.now()
	err = s.data.Update(ctx, func(tx store.Tx) error {
		for key, place := range places {
			job := store.Job{ID: profile.NewID(now), Site: s.id, Kind: store.BlobJob, Created: now, Due: now.Add(strayAfter),
				Body: marshal(store.BlobBody{Key: key, Meta: marshal(fileMeta{Place: place})})}
			if err := tx.Enqueue(job); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for key, place := range places {
		if err := s.d.media.Put(ctx, int64(s.id), place, made.Data[key]); err != nil {
			return places, fmt.Errorf("storing a picture: %w", err)
		}
	}
	return places, nil
}

// noteFile writes the rows of a file and its variants, where they are not
// there: errStray when one is neither there nor was written.
func (s *Site) noteFile(tx store.Tx, made media.Rendition, preset media.Preset, places map[string]string) error {
	now := s.d.now()
	for _, v := range made.Variants {
		_, err := tx.Blob(v.Key)
		if err == nil {
			continue
		}
		if !profile.IsKind(err, profile.NotFound) {
			return err
		}
		place, written := places[v.Key]
		if !written {
			return errStray
		}
		meta := fileMeta{Width: v.Width, Height: v.Height, Place: place}
		if err := tx.PutBlob(&store.Blob{Key: v.Key, Media: v.Type(), Size: v.Size, Created: now, Meta: marshal(meta)}); err != nil {
			return err
		}
	}
	top := media.Choose(made.Variants, media.Wish{})
	meta := fileMeta{Width: top.Width, Height: top.Height, Descriptor: made.Descriptor, Preset: preset}
	return tx.PutBlob(&store.Blob{Key: made.Key, Media: top.Type(), Size: top.Size, Created: now, Meta: marshal(meta)})
}

// useFile makes a subject use a file, and its variants, for a purpose, in the
// place of what it used before; the key "" only ends that. ErrNotFound when
// there is no such file.
func useFile(tx store.Tx, subject profile.ID, slot, key string) error {
	variants := map[string]string{}
	if key != "" {
		blob, err := tx.Blob(key)
		if err != nil {
			return err
		}
		all, _ := media.ParseDescriptor(metaOf(blob.Meta).Descriptor)
		for _, v := range all {
			variants[v.Name] = v.Key
		}
	}
	if err := tx.UseBlob(subject, slot, key); err != nil {
		return err
	}
	for _, begin := range []bool{true, false} { // a variant of the one before may be one of this
		for _, name := range media.VariantNames() {
			if v := variants[name]; (v != "") == begin {
				if err := tx.UseBlob(subject, slot+" "+name, v); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Upload stores a picture that no profile has yet, such as that of a community
// which is about to be made. It is the caller's until the next of its preset.
// existed tells that the same one was stored already. Errors: those of
// SetPicture.
func (s *Site) Upload(ctx context.Context, who access.Principal, preset media.Preset, data []byte) (f FileInfo, existed bool, err error) {
	if err := access.Admit(access.SelfWrite, who); err != nil {
		return FileInfo{}, false, err
	}
	key, err := s.putFile(ctx, preset, data, func(ctx context.Context, key string, note func(store.Tx) error) error {
		return s.data.Update(ctx, func(tx store.Tx) error {
			if _, err := tx.Record(who.Subject); err != nil {
				return err
			}
			_, err := tx.Blob(key)
			if existed = err == nil; err != nil && !profile.IsKind(err, profile.NotFound) {
				return err
			}
			if err := note(tx); err != nil {
				return err
			}
			if err := useFile(tx, who.Subject, "upload "+string(preset), key); err != nil {
				return err
			}
			return tx.Log(s.event(who.Subject, "file.uploaded", who.Subject))
		})
	})
	if err != nil {
		return FileInfo{}, false, err
	}
	f, err = s.FileInfo(ctx, key)
	return f, existed, err
}

func noMedia() error {
	return profile.E(profile.Busy, profile.CodeBusy, "", "this server keeps no pictures")
}

// FileInfo is what is known of a stored file.
type FileInfo struct {
	Key           string
	Media         string // media type; of a file with variants, the largest's
	Size          int64  // bytes
	Created       time.Time
	Width, Height int             // pixels; of a file with variants, the largest's
	Preset        media.Preset    // "" for one that has no variants
	Descriptor    string          // the same
	Variants      []media.Variant // the same
}

func infoOf(b *store.Blob) FileInfo {
	m := metaOf(b.Meta)
	all, _ := media.ParseDescriptor(m.Descriptor)
	return FileInfo{
		Key: b.Key, Media: b.Media, Size: b.Size, Created: b.Created, Width: m.Width, Height: m.Height,
		Preset: m.Preset, Descriptor: m.Descriptor, Variants: all,
	}
}

// FileInfo tells what is known of a stored file, or of one variant of it;
// everybody may know it of pictures. Errors: NotFound.
func (s *Site) FileInfo(ctx context.Context, key string) (f FileInfo, err error) {
	if !media.IsKey(key) || isDeposit(key) || s.d.media == nil {
		return FileInfo{}, store.ErrNotFound
	}
	err = s.data.View(ctx, func(r store.Reader) error {
		blob, err := r.Blob(key)
		if err == nil {
			f = infoOf(blob)
		}
		return err
	})
	return f, err
}

// File is a stored file, open for reading.
type File struct {
	FileInfo        // of what is read: the variant, where the file has some
	Of       string // descriptor of the file that it is a variant of, "" when that was not asked for
	Content  io.ReadSeekCloser
}

// OpenFile opens a stored file by its id, or the variant of it that fits a wish
// best; everybody may read pictures. The caller closes it. Errors: NotFound.
func (s *Site) OpenFile(ctx context.Context, key string, want media.Wish) (File, error) {
	if !media.IsKey(key) || isDeposit(key) || s.d.media == nil {
		return File{}, store.ErrNotFound
	}
	var f File
	var place string
	err := s.data.View(ctx, func(r store.Reader) error {
		blob, err := r.Blob(key)
		if err != nil {
			return err
		}
		f = File{FileInfo: infoOf(blob)}
		if len(f.Variants) > 0 {
			f.Of = f.Descriptor
			if blob, err = r.Blob(media.Choose(f.Variants, want).Key); err != nil {
				return err
			}
			f.FileInfo = infoOf(blob)
		}
		place = lies(blob.Key, blob.Meta)
		return nil
	})
	if err != nil {
		return File{}, err
	}
	f.Content, err = s.d.media.Open(ctx, int64(s.id), place)
	if errors.Is(err, fs.ErrNotExist) { // deleted this moment, or never restored
		return File{}, store.ErrNotFound
	}
	return f, err
}

// DropFile deletes the bytes of a file that nobody uses; those of one in use
// stay. It is what a store.BlobJob asks for.
func (d *Directory) DropFile(ctx context.Context, site store.SiteID, gone store.BlobBody) error {
	if d.media == nil {
		return noMedia()
	}
	if metaOf(gone.Meta).Descriptor != "" { // it has no bytes of its own
		return nil
	}
	return d.dropPlace(ctx, site, gone.Key, lies(gone.Key, gone.Meta))
}

func (d *Directory) dropPlace(ctx context.Context, site store.SiteID, key, place string) error {
	used := false
	err := d.store.Site(site).View(ctx, func(r store.Reader) error {
		blob, err := r.Blob(key)
		if profile.IsKind(err, profile.NotFound) {
			return nil
		}
		used = err == nil && lies(key, blob.Meta) == place
		return err
	})
	if err != nil || used {
		return err
	}
	return d.media.Delete(ctx, int64(site), place)
}

// addFile stores a file as it is under an id of one's own choice, used by the
// broker so that it stays.
func (s *Site) addFile(ctx context.Context, key string, data []byte) error {
	pic, err := media.Inspect(data)
	if err != nil {
		return err
	}
	if err := s.d.media.Put(ctx, int64(s.id), key, data); err != nil {
		return err
	}
	broker := s.Policy().Broker
	return s.data.Update(ctx, func(tx store.Tx) error {
		err := tx.PutBlob(&store.Blob{
			Key: key, Media: pic.Type, Size: int64(len(data)), Created: s.d.now(), Meta: marshal(fileMeta{Width: pic.Width, Height: pic.Height}),
		})
		if err != nil {
			return err
		}
		return useFile(tx, broker, "file "+strconv.Quote(key), key)
	})
}

// fileKey reads the id of a file out of whatever form it was given in: by
// itself, or as one of the paths it is served at.
func fileKey(s string) (key string, ok bool) {
	key = s[strings.LastIndexByte(s, '/')+1:]
	return key, media.IsKey(key)
}
