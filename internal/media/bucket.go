package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Bucket keeps files in a bucket of a storage that speaks S3, under
// PREFIX/SITE/ab/c1/b1~abc1….
type Bucket struct {
	client *minio.Client
	name   string
	prefix string
}

// ParseBucket reads s3://BUCKET/PREFIX?endpoint=URL&region=REGION&path_style=true.
// Without an endpoint it is Amazon's; path_style puts the bucket's name into
// the path, as most other storages want it. The credentials are those of the
// environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, of passing ones,
// AWS_SESSION_TOKEN. Nothing is asked of the storage yet. An error names no
// credentials.
func ParseBucket(text string) (*Bucket, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "s3" || u.Host == "" || u.User != nil || u.Fragment != "" {
		return nil, errors.New("a bucket is written s3://BUCKET/PREFIX?endpoint=URL&region=REGION")
	}
	at := url.URL{Scheme: "https", Host: "s3.amazonaws.com"}
	options := &minio.Options{Creds: credentials.NewEnvAWS(), MaxRetries: 3}
	for name, values := range u.Query() {
		value := values[0]
		switch name {
		case "endpoint":
			to, err := url.Parse(value)
			if err != nil || to.Scheme != "https" && to.Scheme != "http" || to.Host == "" || strings.Trim(to.Path, "/") != "" || to.User != nil {
				return nil, errors.New("the endpoint of a bucket is an address such as https://s3.example.com")
			}
			at = *to
		case "region":
			options.Region = value
		case "path_style":
			if value != "true" && value != "false" {
				return nil, errors.New("path_style is true or false")
			}
			if options.BucketLookup = minio.BucketLookupDNS; value == "true" {
				options.BucketLookup = minio.BucketLookupPath
			}
		default:
			return nil, fmt.Errorf("a bucket has no setting %q, but endpoint, region and path_style", name)
		}
	}
	options.Secure = at.Scheme == "https"
	client, err := minio.New(at.Host, options)
	if err != nil {
		return nil, fmt.Errorf("the bucket: %w", err)
	}
	return &Bucket{client: client, name: u.Host, prefix: strings.Trim(u.Path, "/")}, nil
}

// Check asks whether the bucket is there and may be used.
func (b *Bucket) Check(ctx context.Context) error {
	there, err := b.client.BucketExists(ctx, b.name)
	if err == nil && !there {
		err = errors.New("there is no such bucket")
	}
	if err != nil {
		return fmt.Errorf("the bucket %s: %w", b.name, err)
	}
	return nil
}

func (b *Bucket) object(site int64, place string) (string, error) {
	p, err := pathOf(site, place)
	return path.Join(b.prefix, p), err
}

// Put writes a file, which is stored when Put returns.
func (b *Bucket) Put(ctx context.Context, site int64, place string, data []byte) error {
	name, err := b.object(site, place)
	if err != nil {
		return err
	}
	_, err = b.client.PutObject(ctx, b.name, name, bytes.NewReader(data), int64(len(data)),
		minio.PutObjectOptions{ContentType: "application/octet-stream", DisableMultipart: true})
	return err
}

// Open opens a file for reading: fs.ErrNotExist when there is none. What is
// read streams from the storage; after a Seek, from there on.
func (b *Bucket) Open(ctx context.Context, site int64, place string) (io.ReadSeekCloser, error) {
	name, err := b.object(site, place)
	if err != nil {
		return nil, err
	}
	info, err := b.client.StatObject(ctx, b.name, name, minio.StatObjectOptions{})
	if err != nil {
		return nil, orNotExist(err)
	}
	return &object{ctx: ctx, bucket: b, name: name, tag: info.ETag, size: info.Size}, nil
}

// Delete removes a file; one that is gone already is no error.
func (b *Bucket) Delete(ctx context.Context, site int64, place string) error {
	name, err := b.object(site, place)
	if err != nil {
		return err
	}
	if err := orNotExist(b.client.RemoveObject(ctx, b.name, name, minio.RemoveObjectOptions{})); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func orNotExist(err error) error {
	var answer minio.ErrorResponse
	if errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound {
		return fmt.Errorf("media: %w", fs.ErrNotExist)
	}
	return err
}

// object reads one file of a bucket, with a request for each place that it is
// read from.
type object struct {
	ctx    context.Context
	bucket *Bucket
	name   string
	tag    string
	size   int64
	at     int64         // the next byte to give
	body   io.ReadCloser // from at on; nil until it is read
}

// Read reads on.
func (o *object) Read(p []byte) (int, error) {
	if o.at >= o.size {
		return 0, io.EOF
	}
	if o.body == nil {
		var options minio.GetObjectOptions
		if err := errors.Join(options.SetMatchETag(o.tag), options.SetRange(o.at, o.size-1)); err != nil {
			return 0, err
		}
		core := minio.Core{Client: o.bucket.client}
		body, _, _, err := core.GetObject(o.ctx, o.bucket.name, o.name, options)
		if err != nil {
			return 0, orNotExist(err)
		}
		o.body = body
	}
	n, err := o.body.Read(p)
	if o.at += int64(n); err == io.EOF && o.at < o.size {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Seek says where the next Read begins.
func (o *object) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += o.at
	case io.SeekEnd:
		offset += o.size
	}
	if offset < 0 {
		return 0, fs.ErrInvalid
	}
	if offset != o.at {
		if err := o.Close(); err != nil {
			return 0, err
		}
		o.at = offset
	}
	return o.at, nil
}

// Close ends the reading.
func (o *object) Close() error {
	if o.body == nil {
		return nil
	}
	body := o.body
	o.body = nil
	return body.Close()
}

// Files is where files are kept: a Store or a Bucket.
type Files interface {
	Put(ctx context.Context, site int64, place string, data []byte) error
	Open(ctx context.Context, site int64, place string) (io.ReadSeekCloser, error)
	Delete(ctx context.Context, site int64, place string) error
}

// ParseFiles reads where files are kept: a folder, or s3://….
func ParseFiles(text string) (Files, error) {
	if strings.Contains(text, "://") {
		return ParseBucket(text)
	}
	return NewStore(text), nil
}

// CheckWithin is how long a storage may take to answer when a server starts.
const CheckWithin = 15 * time.Second
