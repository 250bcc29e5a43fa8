# The tasks of site.yml for pyinfra.
from pyinfra.operations import apt, files, sysvinit

files.directory(path='/etc/bench', mode='755')
for n in range(10):
    files.put(src=f'files/{n}', dest=f'/etc/bench/{n}', user='root', group='root', mode='644')
for package in ['dpkg', 'bash', 'coreutils', 'sed', 'grep']:
    apt.packages(packages=[package])
sysvinit.service(service='ssh', running=True)
