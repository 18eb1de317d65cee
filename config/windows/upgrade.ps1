<#
.SYNOPSIS
Brings the service to the version that this script is part of, or back if that does not work.

.DESCRIPTION
Run it from the unpacked new version. It installs the new code beside the old one, makes a backup, stops the
service, migrates the store, and starts. Where the new version does not answer, the store's tables are brought
back by the new code, which knows the way, and the old version is started again.

.PARAMETER OwnerStore
A file that holds the address of the store as its owner, where it is PostgreSQL. An SQLite store needs none.
#>
[CmdletBinding()]
param(
    [string]$Root = (Join-Path $env:ProgramFiles 'PorosityHMI'),
    [string]$Data = (Join-Path $env:ProgramData 'PorosityHMI'),
    [ValidateRange(1, 65535)][int]$Port = 8080,
    [string]$Python = 'py',
    [string]$OwnerStore = '',
    [ValidateRange(1, 20)][int]$Keep = 3
)
Import-Module (Join-Path $PSScriptRoot 'PorosityHmi.psm1') -Force
Assert-Administrator
$source = (Resolve-Path (Join-Path $PSScriptRoot '..\..')).Path
$old = Get-Current -Root $Root
Import-ServiceSettings -Data $Data
if ($OwnerStore) {
    $env:HMI_STORE__URL = (Get-Content -LiteralPath $OwnerStore -Raw).Trim()
}

# While the old version still serves: the new one beside it, and a backup.
$new = Install-Release -Source $source -Root $Root -Python $Python
Set-FolderAccess -Folder $Root -Service 'RX'
Invoke-Flask $old @('backup', (Join-Path $Data 'backups'), '--keep', '10')
$before = Get-Revision $old

Stop-Hmi
$worked = $false
try {
    Invoke-Flask $new @('migrate')
    Set-Current -Root $Root -Release $new
    Start-Service -Name $ServiceName
    $worked = Wait-Answer -Port $Port
}
catch {
    Write-Warning "The upgrade failed: $_"
}

if (-not $worked) {
    Write-Warning 'The new version does not answer; the old one is brought back.'
    Stop-Hmi
    Invoke-Flask $new @('migrate', '--to', $before)
    Set-Current -Root $Root -Release $old
    Start-Service -Name $ServiceName
    if (-not (Wait-Answer -Port $Port)) {
        throw "Neither version answers. See $(Join-Path $Data 'logs'); the backup is in $(Join-Path $Data 'backups')."
    }
    throw "The upgrade was taken back; $old serves again."
}

# Releases that nobody needs any more; the one before stays for a rollback by hand.
Get-ChildItem -LiteralPath (Join-Path $Root 'releases') -Directory |
    Sort-Object -Property Name -Descending |
    Select-Object -Skip $Keep |
    Where-Object { $_.FullName -ne $old -and $_.FullName -ne $new } |
    Remove-Item -Recurse -Force
Write-Output "The HMI was upgraded and answers on port $Port."
