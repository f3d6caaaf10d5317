import path from 'node:path'
import t from 'tap'
import { ConfigError, readConfig } from '../../src/config.js'

const read = (url: string) => readConfig({ BLOBS_URL: url }, '/opt/frontdesk').blobs

t.test('without BLOBS_URL blobs lie in the data folder', async (t) => {
  t.same(readConfig({}, '/opt/frontdesk').blobs, {
    kind: 'folder',
    folder: path.join('/opt/frontdesk/data/blobs'),
  })
})

t.test('a bucket, with what is usual for it', async (t) => {
  t.same(read('s3://desk-blobs?region=eu-central-1'), {
    kind: 's3',
    bucket: 'desk-blobs',
    prefix: '',
    region: 'eu-central-1',
    endpoint: null,
    pathStyle: false,
    credentials: null,
  })
  t.match(read('s3://key:p%40s%2Fs%2B@desk-blobs/a/b/?endpoint=http://minio:9000'), {
    prefix: 'a/b/',
    region: 'us-east-1',
    endpoint: 'http://minio:9000',
    pathStyle: true,
    credentials: { accessKeyId: 'key', secretAccessKey: 'p@s/s+' },
  })
  t.match(read('s3://b-b?endpoint=https%3A%2F%2Fs3.example&pathStyle=false'), { pathStyle: false })
})

t.test('every mistake is told, at once, without the value', async (t) => {
  const wrong: [url: string, ...reasons: RegExp[]][] = [
    ['/var/blobs', /not an address/],
    ['https://hunter2@bucket', /not an address/],
    ['s3://', /bucket|not an address/],
    ['s3://Hunter2_/x?region=r', /bucket/],
    ['s3://bucket', /region must be given/],
    ['s3://bucket/a//b?region=r', /prefix/],
    ['s3://bucket/hunter2%20x?region=r', /prefix/],
    ['s3://hunter2@bucket?region=r', /user and password, or neither/],
    ['s3://a:hunter2%ZZ@bucket?region=r', /not encoded/],
    ['s3://a:b@bucket?region=r#hunter2', /behind #/],
    ['s3://bucket?endpoint=hunter2', /endpoint must be/],
    ['s3://bucket?endpoint=http://u:hunter2@h', /endpoint must be/],
    ['s3://bucket?region=r&hunter2=1', /only region, endpoint and pathStyle/],
    ['s3://b_/ x?pathStyle=hunter2', /bucket/, /prefix/, /pathStyle/, /region/],
  ]
  for (const [url, ...reasons] of wrong) {
    try {
      read(url)
      t.fail(`${url} was taken`)
    } catch (error) {
      t.ok(error instanceof ConfigError, url)
      const { problems, message } = error as ConfigError
      for (const reason of reasons) t.match(problems.join('\n'), reason, url)
      t.ok(problems.every((line) => line.startsWith('BLOBS_URL')))
      t.notMatch(message, /hunter2/i)
    }
  }
})
