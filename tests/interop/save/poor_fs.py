"""A file system in memory that refuses what it is told to: poor_fs.py FOLDER JSON. It is mounted on FOLDER, prints a
line once it is, and ends when it is unmounted.

JSON: "longest", the bytes of the longest name (255); "refused", an object of operations as fusepy calls them and the
errno of each. `flush`, which is close(2), is refused only for a file that was written to, as by file systems that write
late."""
import errno, json, os, stat, sys, time
import fusepy


class Node:
    def __init__(self, mode):
        self.mode, self.data, self.links, self.attributes, self.is_dirty = mode, bytearray(), 1, {}, False
        self.times = [time.time_ns()] * 2


class PoorFs(fusepy.Operations):
    use_ns = True
    # Without it libfuse sets no time if only one of the two is to be set.
    flag_utime_omit_ok = 1

    def __init__(self, longest=255, refused={}):
        self.longest, self.refused = longest, refused
        self.nodes = {'/': Node(stat.S_IFDIR | 0o755)}

    def __call__(self, operation, path, *args):
        paths = [path] + [arg for arg in args[:1] if operation in ('rename', 'link', 'symlink')]
        if any(len(name.encode()) > self.longest for path in paths for name in path.split('/')):
            raise fusepy.FuseOSError(errno.ENAMETOOLONG)
        is_late = operation == 'flush' and not self.nodes[path].is_dirty
        if operation in self.refused and not is_late:
            raise fusepy.FuseOSError(self.refused[operation])
        return super().__call__(operation, path, *args)

    def node(self, path):
        if path not in self.nodes:
            raise fusepy.FuseOSError(errno.ENOENT)
        return self.nodes[path]

    def init(self, path):
        print('mounted', flush=True)

    def getattr(self, path, fh=None):
        node = self.node(path)
        return dict(st_mode=node.mode, st_nlink=node.links, st_size=len(node.data), st_uid=os.getuid(),
                    st_gid=os.getgid(), st_atime=node.times[0], st_mtime=node.times[1], st_ctime=node.times[1])

    def readdir(self, path, fh):
        inside = path.rstrip('/') + '/'
        return ['.', '..'] + [p[len(inside):] for p in self.nodes
                              if p != '/' and p.startswith(inside) and '/' not in p[len(inside):]]

    def statfs(self, path):
        return dict(f_bsize=4096, f_frsize=4096, f_blocks=1 << 20, f_bfree=1 << 19, f_bavail=1 << 19,
                    f_namemax=self.longest)

    def create(self, path, mode, fi=None):
        self.nodes[path] = Node(stat.S_IFREG | mode)
        return 0

    def mkdir(self, path, mode):
        self.nodes[path] = Node(stat.S_IFDIR | mode)

    def read(self, path, size, offset, fh):
        return bytes(self.node(path).data[offset:offset + size])

    def write(self, path, data, offset, fh):
        node = self.node(path)
        node.data.extend(bytes(max(0, offset - len(node.data))))
        node.data[offset:offset + len(data)] = data
        node.times[1], node.is_dirty = time.time_ns(), True
        return len(data)

    def truncate(self, path, length, fh=None):
        node = self.node(path)
        node.data = node.data[:length] + bytes(max(0, length - len(node.data)))

    def chmod(self, path, mode):
        self.node(path).mode = mode

    def utimens(self, path, times=None):
        node = self.node(path)
        omitted = (1 << 30) - 2
        new = times or [time.time_ns()] * 2
        node.times = [old if time == omitted else time for old, time in zip(node.times, new)]

    def unlink(self, path):
        self.node(path).links -= 1
        del self.nodes[path]

    def rename(self, old, new):
        self.nodes[new] = self.nodes.pop(old)

    def link(self, target, source):
        # fusepy has them the other way about: the new name comes first.
        if target in self.nodes:
            raise fusepy.FuseOSError(errno.EEXIST)
        self.nodes[target] = self.node(source)
        self.nodes[target].links += 1

    def setxattr(self, path, name, value, options, position=0):
        self.node(path).attributes[name] = value

    def getxattr(self, path, name, position=0):
        attributes = self.node(path).attributes
        if name not in attributes:
            raise fusepy.FuseOSError(errno.ENODATA)
        return attributes[name]


fusepy.FUSE(PoorFs(**json.loads(sys.argv[2])), sys.argv[1], foreground=True, nothreads=True, fsname='poor',
            attr_timeout=0, entry_timeout=0)
