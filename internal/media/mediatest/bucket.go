// Package mediatest is a real S3 server for tests, on a loopback port.
package mediatest

import (
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// Bucket starts a server with one bucket, and sets the credentials for it in
// the environment. where names a prefix in it ("" is none) as --blobs takes it;
// objects counts what lies in the bucket. The server ends with the test.
func Bucket(t testing.TB, prefix string) (where string, objects func() int) {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("pictures"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	return "s3://pictures/" + prefix + "?path_style=true&region=us-east-1&endpoint=" + url.QueryEscape(server.URL), func() int {
		t.Helper()
		list, err := backend.ListBucket("pictures", &gofakes3.Prefix{}, gofakes3.ListBucketPage{})
		if err != nil {
			t.Fatal(err)
		}
		return len(list.Contents)
	}
}
