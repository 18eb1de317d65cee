<#
.SYNOPSIS
Installs the porosity HMI as a Windows service.

.DESCRIPTION
Copies the product into -Root, makes an environment for it, a folder for its data, a key, the service and the
firewall rule. Settings are in <Data>\plant.yaml; write them before the first start, or start with the demo.
Nothing that is already there is written over.

.PARAMETER Shawl
shawl.exe, from https://github.com/mtkennerly/shawl (MIT).

.EXAMPLE
.\install.ps1 -Shawl C:\Tools\shawl.exe -Settings C:\Setup\plant.yaml
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)][string]$Shawl,
    [string]$Settings = '',
    [string]$Root = (Join-Path $env:ProgramFiles 'PorosityHMI'),
    [string]$Data = (Join-Path $env:ProgramData 'PorosityHMI'),
    [ValidateRange(1, 65535)][int]$Port = 8080,
    [string]$Python = 'py',
    [switch]$LocalOnly
)
Import-Module (Join-Path $PSScriptRoot 'PorosityHmi.psm1') -Force
Assert-Administrator
if (Get-Service -Name $ServiceName -ErrorAction SilentlyContinue) {
    throw "The service $ServiceName is there already: use upgrade.ps1."
}
$source = (Resolve-Path (Join-Path $PSScriptRoot '..\..')).Path

# The product.
New-Item -ItemType Directory -Path $Root -Force | Out-Null
Copy-Item -LiteralPath $Shawl -Destination (Join-Path $Root 'shawl.exe') -Force
$release = Install-Release -Source $source -Root $Root -Python $Python
Set-Current -Root $Root -Release $release

# Its data: store, cache, logs, backups, secrets.
foreach ($folder in 'store', 'cache', 'logs', 'backups', 'secrets') {
    New-Item -ItemType Directory -Path (Join-Path $Data $folder) -Force | Out-Null
}
$plant = Join-Path $Data 'plant.yaml'
if (-not (Test-Path -LiteralPath $plant)) {
    if ($Settings) {
        Copy-Item -LiteralPath $Settings -Destination $plant
    }
    else {
        $forward = $Data -replace '\\', '/'
        $lines = @(
            '# Settings of this machine; docs\configuration.md has them all. Without a database the demo runs.',
            'server:', "  port: $Port",
            'storage:', "  cache_folder: $forward/cache",
            'logging:', "  file: $forward/logs/hmi.log",
            'demo:', "  folder: $forward/store/demo"
        )
        [IO.File]::WriteAllLines($plant, $lines)  # UTF-8 without a mark
    }
}
$keyFile = Join-Path $Data 'secrets\secret_key'
if (-not (Test-Path -LiteralPath $keyFile)) {
    $bytes = New-Object byte[] 48
    $random = [Security.Cryptography.RandomNumberGenerator]::Create()
    $random.GetBytes($bytes)
    $random.Dispose()
    [IO.File]::WriteAllText($keyFile, [Convert]::ToBase64String($bytes))
}

# The service. Shawl never restarts by itself: Windows does, after 1, 5 and then always 10 seconds, counts anew
# after an hour, and writes each failure into the event log. A stop sends Ctrl-C and waits for 20 seconds.
Invoke-Checked (Join-Path $Root 'shawl.exe') @('add', '--name', $ServiceName, '--no-restart',
    '--stop-timeout', '20000', '--cwd', (Join-Path $Root 'current'), '--log-dir', (Join-Path $Data 'logs'),
    '--env', "HMI_CONFIG=$plant", '--env', "HMI_AUTH__SECRET_KEY_FILE=$keyFile", '--',
    (Join-Path $Root 'current\venv\Scripts\python.exe'), 'wsgi.py')
Invoke-Checked 'sc.exe' @('config', $ServiceName, 'start=', 'delayed-auto', 'obj=', "NT SERVICE\$ServiceName",
    'DisplayName=', 'Porosity HMI')
Invoke-Checked 'sc.exe' @('description', $ServiceName, 'Web HMI for the inspection of castings')
Invoke-Checked 'sc.exe' @('failure', $ServiceName, 'reset=', '3600', 'actions=', 'restart/1000/restart/5000/restart/10000')
Invoke-Checked 'sc.exe' @('failureflag', $ServiceName, '1')

# Files: the service reads the product and its key, and writes only what is its own.
Set-FolderAccess -Folder $Root -Service 'RX'
Set-FolderAccess -Folder $Data -Service 'M'
Set-FolderAccess -Folder (Join-Path $Data 'secrets') -Service 'R'

# The firewall: one port, for the networks of the plant, and nothing where a proxy on this machine stands before it.
if (-not $LocalOnly -and -not (Get-NetFirewallRule -DisplayName $RuleName -ErrorAction SilentlyContinue)) {
    New-NetFirewallRule -DisplayName $RuleName -Direction Inbound -Action Allow -Protocol TCP -LocalPort $Port `
        -Profile @('Domain', 'Private') | Out-Null
}

Start-Service -Name $ServiceName
if (Wait-Answer -Port $Port) {
    Write-Output "The HMI answers on port $Port. Settings: $plant"
}
else {
    throw "The service does not answer on port $Port. See $(Join-Path $Data 'logs')."
}
