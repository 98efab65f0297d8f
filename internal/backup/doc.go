// Package backup writes an installation into one file while it is served, and
// makes an installation of such a file again.
//
// A backup is a tar archive compressed by zstd (RFC 8878). manifest.json comes
// first and says what it is of; database/ holds the store's own dump, as of one
// moment; files/SITE/PLACE are the pictures and other stored files; SHA256SUMS
// comes last, in the form that sha256sum reads. Without that last one a backup
// is cut off, and is not restored. The data key is not in it, only its
// fingerprint: what the sites sealed stays sealed.
package backup
