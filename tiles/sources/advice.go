package sources

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// errRedirect is of a redirect that is not followed.
var errRedirect = errors.New("redirect refused")

// advise says what to do about an error of the HTTP client, and whether another try may help.
func advise(err error) (hint string, again bool) {
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var authority x509.UnknownAuthorityError
	var timeout net.Error
	switch {
	case errors.Is(err, errRedirect):
		return "write the address that the tiles are really at as the source's url", false
	case errors.As(err, &dns):
		return "the host's name cannot be found: check the url's spelling, and the machine's DNS", !dns.IsNotFound
	case errors.As(err, &certificate), errors.As(err, &authority):
		return "the server's certificate is not trusted: check the url and the machine's clock, or install the certificate of who issued it", false
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record):
		return "the server speaks no TLS here: check the url's port, and whether it wants http", false
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "the server is too slow: raise the source's timeout, or lower its concurrency", true
	}
	return "is the server reachable?", true
}

// plain is an error without the address that the client puts before it: keys stand in addresses, in whatever encoding.
func plain(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// redact takes secrets out of a text, as they are and as an address has them.
func redact(s string, hidden []string) string {
	for _, v := range hidden {
		for _, form := range []string{v, url.QueryEscape(v), url.PathEscape(v), (&url.URL{Path: v}).EscapedPath(), strings.Trim(fmt.Sprintf("%q", v), `"`)} {
			s = strings.ReplaceAll(s, form, "…")
		}
	}
	return s
}
