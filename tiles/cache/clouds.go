//go:build clouds

package cache

// The drivers of clouds' buckets, which add 45 MB to the program.
import (
	_ "gocloud.dev/blob/azureblob"
	_ "gocloud.dev/blob/gcsblob"
	_ "gocloud.dev/blob/s3blob"
)
